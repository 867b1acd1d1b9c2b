/// Checks a text against RFC 8259 and lays out its tape, in one pass without recursion.
///
/// The text is read in blocks of 64 bytes, each first turned into a bit for every byte that may not
/// stand in a plain string: quotes above all. Where strings begin and end then follows from bit to bit
/// without looking at what is in between, so that the processor need not wait for the end of one
/// string before it works on the next (Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
/// 2019, which this borrows that much from).
///
/// The scanner reads through an unsafe pointer, because a bounds check a byte would more than double
/// its time; every read below is guarded by a comparison with `end`. What changes with every byte is
/// local to `scan` and handed on by value, so that it stays in registers.
@safe struct JSONScanner {
    enum Failure: Error {
        case invalid(code: JSONError.Code, offset: Int)
        /// The text holds more values than the tape has room for.
        case tapeIsFull

        init(code: JSONError.Code, offset: Int) { self = .invalid(code: code, offset: offset) }
    }

    /// The bytes of a block that are special and not yet passed.
    struct Marks {
        var word: UInt64
        /// Where the block begins.
        var block: Int
    }

    /// Bytes whose marks are found at once.
    static let window = 4096

    let base: UnsafeRawPointer
    let end: Int
    private let depthMax: Int
    private let tape: UnsafeMutablePointer<TapeEntry>
    /// The last number that an item's first entry may have, so that there is room for a key and a value.
    private let room: Int
    /// The marks of the window at hand.
    let words: UnsafeMutablePointer<UInt64>

    /// Words that a window takes.
    static let wordCount = window / 64

    /// The pointers are used only during `scan`, inside the caller's `withUnsafeBytes` and before the
    /// tape's memory is taken over.
    init(
        _ buffer: UnsafeRawBufferPointer, tape: UnsafeMutableBufferPointer<TapeEntry>,
        words: UnsafeMutableBufferPointer<UInt64>, depthMax: Int
    ) throws(Failure) {
        guard let start = buffer.baseAddress else { throw Failure(code: .emptyInput, offset: 0) }
        guard let entries = tape.baseAddress, let words = words.baseAddress else {
            throw .tapeIsFull
        }
        unsafe self.words = words
        unsafe base = start
        end = buffer.count
        unsafe self.tape = entries
        room = tape.count - 2
        self.depthMax = depthMax
    }

    /// The byte at `index`, which the caller has compared with `end`.
    @inline(always) func byte(_ index: Int) -> UInt8 {
        unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The four bytes at `index` as a number, the first one lowest.
    @inline(always) func four(_ index: Int) -> UInt32 {
        unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt32.self))
    }

    /// Writes the entry number `count`, for which there is room.
    @inline(always) func write(
        _ count: Int, _ kind: JSONKind, _ offset: Int, _ length: Int, flag: Bool = false
    ) {
        unsafe (tape + count).initialize(
            to: TapeEntry(kind: kind, offset: offset, length: length, next: count &+ 1, flag: flag))
    }

    /// How many entries were written.
    func scan() throws(Failure) -> Int {
        var position = try start()
        var marks = self.marks(from: position, after: Marks(word: 0, block: -1))
        var count = 0
        var depth = 0
        /// Index of the innermost open container; while it is open its `next` holds the one around it.
        var container = -1
        var isObject = false
        items: while true {
            // An item: a member, whose key's quote is passed, an element, or the whole value.
            guard count <= room else { throw .tapeIsFull }
            value: do {
                if isObject, try scanStrings(&position, &count, container, &marks) { break value }
                let first = byte(position)
                if first == UInt8(ascii: "\"") {
                    pass(&marks)
                    position = try stringEnd(position &+ 1, next(&marks), count, &marks)
                    count &+= 1
                } else if first | 0x20 == UInt8(ascii: "{") {
                    guard depth < depthMax else { throw Failure(code: .tooDeep, offset: position) }
                    let inside = afterSpace(position &+ 1, &marks)
                    guard inside < end else { throw unexpected(inside) }
                    let kind = first == UInt8(ascii: "{") ? JSONKind.object : .array
                    write(count, kind, position, inside &+ 1 &- position)
                    count &+= 1
                    if byte(inside) != first &+ 2 {
                        container = open(count &- 1, in: container)
                        isObject = kind == .object
                        depth &+= 1
                        position = isObject ? try keyStart(inside, &marks) : inside
                        continue items
                    }
                    position = inside &+ 1
                } else {
                    position =
                        first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "-")
                        ? try scanNumber(position, count) : try scanLiteral(position, count)
                    count &+= 1
                    if isObject, position <= end &- 4,
                        four(position) & 0xFFFF == Self.valueToKey
                    {
                        unsafe tape[container].meta &+= TapeEntry.one
                        pass(&marks)
                        position &+= 2
                        continue items
                    }
                }
            }
            // After a value: the next one of the container, or the ends of containers.
            while container >= 0 {
                unsafe tape[container].meta &+= TapeEntry.one
                position = afterSpace(position, &marks)
                guard position < end else { throw unexpected(position) }
                let mark = byte(position)
                if mark == UInt8(ascii: ",") {
                    position = afterSpace(position &+ 1, &marks)
                    if isObject {
                        position = try keyStart(position, &marks)
                    } else if position >= end {
                        throw unexpected(position)
                    }
                    continue items
                }
                guard mark == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw unexpected(position)
                }
                position &+= 1
                depth &-= 1
                (container, isObject) = close(container, position, count)
            }
            position = afterSpace(position)
            if position < end { throw Failure(code: .trailingContent, offset: position) }
            return count
        }
    }

    /// Where the value begins.
    private func start() throws(Failure) -> Int {
        if end >= 3, byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF {
            // RFC 8259 §8.1: a sender must not add one; refusing it keeps the signed bytes unambiguous.
            throw Failure(code: .byteOrderMark, offset: 0)
        }
        let position = afterSpace(0)
        guard position < end else { throw Failure(code: .emptyInput, offset: position) }
        return position
    }

    /// Members that are strings, one after the other, up to the value of one that is not; true when the
    /// last one's value is passed too.
    @inline(always) private func scanStrings(
        _ position: inout Int, _ count: inout Int, _ container: Int, _ marks: inout Marks
    ) throws(Failure) -> Bool {
        var stop = next(&marks)
        while stop <= end &- 4, four(stop) << 8 == Self.keyToString {
            write(count, .string, position, stop &- position)
            pass(&marks)
            let start = stop &+ 3
            let valueStop = next(&marks)
            guard valueStop <= end &- 4, four(valueStop) << 8 == Self.stringToKey else {
                position = try stringEnd(start, valueStop, count &+ 1, &marks)
                count &+= 2
                return true
            }
            write(count &+ 1, .string, start, valueStop &- start)
            pass(&marks)
            position = valueStop &+ 3
            count &+= 2
            unsafe tape[container].meta &+= TapeEntry.one
            guard count <= room else { throw .tapeIsFull }
            stop = next(&marks)
        }
        if stop <= end &- 4, case let word = four(stop), word & 0xFFFF == Self.keyToValue,
            word & 0xFF_0000 > 0x20_0000
        {
            write(count, .string, position, stop &- position)
            position = stop &+ 2
        } else {
            position = try colonEnd(stringEnd(position, stop, count, &marks), &marks)
        }
        count &+= 1
        return false
    }

    /// Opens the container at `index`.
    @inline(always) private func open(_ index: Int, in outer: Int) -> Int {
        unsafe tape[index].next = UInt32(truncatingIfNeeded: outer)
        return index
    }

    /// Closes the container at `index`, which ends before `position`; gives the one around it.
    @inline(always) private func close(
        _ index: Int, _ position: Int, _ count: Int
    ) -> (container: Int, isObject: Bool) {
        let outer = unsafe Int(Int32(bitPattern: tape[index].next))
        unsafe tape[index].length = UInt32(truncatingIfNeeded: position) &- tape[index].offset
        unsafe tape[index].next = UInt32(truncatingIfNeeded: count)
        return (outer, unsafe outer >= 0 && tape[outer].kind == .object)
    }

    // Three bytes, moved up so that a fourth does not count, and two bytes.

    /// `":"`: from a key to a string.
    private static let keyToString: UInt32 = 0x223A_2200
    /// `","`: from a string to the next key.
    private static let stringToKey: UInt32 = 0x222C_2200
    /// `":`: from a key to its value.
    private static let keyToValue: UInt32 = 0x3A22
    /// `,"`: from a value to the next key.
    private static let valueToKey: UInt32 = 0x222C

    /// What is wrong with the byte at `position`, or with its absence.
    @inline(never) func unexpected(_ position: Int) -> Failure {
        Failure(code: position < end ? .unexpectedCharacter : .unexpectedEnd, offset: position)
    }

    // MARK: Space

    /// Where the next byte is that is no space, `end` at most.
    @inline(always) private func afterSpace(_ position: Int) -> Int {
        if position < end, byte(position) > 0x20 { return position }
        return afterLongSpace(position)
    }

    /// The same; passes what is special among the spaces.
    @inline(always) private func afterSpace(_ position: Int, _ marks: inout Marks) -> Int {
        if position < end, byte(position) > 0x20 { return position }
        let place = afterLongSpace(position)
        marks = self.marks(from: place, after: marks)
        return place
    }

    @inline(never) private func afterLongSpace(_ position: Int) -> Int {
        var place = position
        while place < end {
            let character = byte(place)
            guard character == 0x20 || character == 0x0A || character == 0x0D || character == 0x09
            else { break }
            place &+= 1
        }
        return place
    }

    /// From after a key's closing quote to the value.
    @inline(always) private func colonEnd(
        _ position: Int, _ marks: inout Marks
    ) throws(Failure) -> Int {
        let place = afterSpace(position, &marks)
        guard place < end, byte(place) == UInt8(ascii: ":") else { throw unexpected(place) }
        let value = afterSpace(place &+ 1, &marks)
        guard value < end else { throw unexpected(value) }
        return value
    }

    /// From a key's opening quote to after it.
    @inline(always) private func keyStart(
        _ position: Int, _ marks: inout Marks
    ) throws(Failure) -> Int {
        guard position < end, byte(position) == UInt8(ascii: "\"") else {
            throw unexpected(position)
        }
        pass(&marks)
        return position &+ 1
    }
}
