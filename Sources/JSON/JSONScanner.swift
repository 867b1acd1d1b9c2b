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

    /// The place of the next entry on the tape: as a number, which entries hold, and in memory.
    @safe struct Entry {
        var number: Int
        let pointer: UnsafeMutablePointer<TapeEntry>

        @inline(always) var next: Entry {
            unsafe Entry(number: number &+ 1, pointer: pointer + 1)
        }
    }

    /// Writes an entry, for which there is room.
    @inline(always) func write(
        _ entry: Entry, _ kind: JSONKind, _ offset: Int, _ length: Int, flag: Bool = false
    ) {
        unsafe entry.pointer.initialize(
            to: TapeEntry(
                kind: kind, offset: offset, length: length, next: entry.number &+ 1, flag: flag))
    }

    /// How many entries were written.
    func scan() throws(Failure) -> Int {
        var position = try start()
        var marks = self.marks(from: position, after: Marks(word: 0, block: -1))
        var entry = unsafe Entry(number: 0, pointer: tape)
        var depth = 0
        /// The innermost open container; while it is open its `next` holds the one around it.
        var container: UnsafeMutablePointer<TapeEntry>?
        var isObject = false
        items: while true {
            // An item: a member, whose key's quote is passed, an element, or the whole value.
            guard entry.number <= room else { throw .tapeIsFull }
            value: do {
                if isObject, let container = unsafe container,
                    try unsafe scanStrings(&position, &entry, container, &marks)
                {
                    break value
                }
                let first = byte(position)
                if first == UInt8(ascii: "\"") {
                    pass(&marks)
                    position = try stringEnd(position &+ 1, next(&marks), entry, &marks)
                    entry = entry.next
                } else if first | 0x20 == UInt8(ascii: "{") {
                    guard depth < depthMax else { throw Failure(code: .tooDeep, offset: position) }
                    let inside = afterSpace(position &+ 1, &marks)
                    guard inside < end else { throw unexpected(inside) }
                    let kind = first == UInt8(ascii: "{") ? JSONKind.object : .array
                    write(entry, kind, position, inside &+ 1 &- position)
                    let opened = unsafe entry.pointer
                    entry = entry.next
                    if byte(inside) != first &+ 2 {
                        unsafe opened.pointee.next = number(of: container)
                        unsafe container = opened
                        isObject = kind == .object
                        depth &+= 1
                        position = isObject ? try keyStart(inside, &marks) : inside
                        continue items
                    }
                    position = inside &+ 1
                } else {
                    position =
                        first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "-")
                        ? try scanNumber(position, entry) : try scanLiteral(position, entry)
                    entry = entry.next
                    if isObject, position <= end &- 4,
                        four(position) & 0xFFFF == Self.valueToKey
                    {
                        unsafe container?.pointee.meta &+= TapeEntry.one
                        pass(&marks)
                        position &+= 2
                        continue items
                    }
                }
            }
            // After a value: the next one of the container, or the ends of containers.
            while let inner = unsafe container {
                unsafe inner.pointee.meta &+= TapeEntry.one
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
                unsafe (container, isObject) = close(inner, position, entry.number)
            }
            try checkRest(position)
            return entry.number
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

    /// Nothing but space may stand behind the value.
    private func checkRest(_ position: Int) throws(Failure) {
        let rest = afterSpace(position)
        if rest < end { throw Failure(code: .trailingContent, offset: rest) }
    }

    /// Members that are strings, one after the other, up to the value of one that is not; true when the
    /// last one's value is passed too.
    @inline(always) private func scanStrings(
        _ position: inout Int, _ entry: inout Entry,
        _ container: UnsafeMutablePointer<TapeEntry>, _ marks: inout Marks
    ) throws(Failure) -> Bool {
        while true {
            let stop = next(&marks)
            guard stop <= end &- 4, case let word = four(stop), word & 0xFFFF == Self.keyToValue,
                word & 0xFF_0000 > 0x20_0000
            else {
                position = try colonEnd(stringEnd(position, stop, entry, &marks), &marks)
                entry = entry.next
                return false
            }
            write(entry, .string, position, stop &- position)
            entry = entry.next
            guard word & 0xFF_0000 == Self.quote else {
                position = stop &+ 2
                return false
            }
            pass(&marks)
            let start = stop &+ 3
            let valueStop = next(&marks)
            guard valueStop <= end &- 4, four(valueStop) << 8 == Self.stringToKey else {
                position = try stringEnd(start, valueStop, entry, &marks)
                entry = entry.next
                return true
            }
            write(entry, .string, start, valueStop &- start)
            entry = entry.next
            pass(&marks)
            position = valueStop &+ 3
            unsafe container.pointee.meta &+= TapeEntry.one
            guard entry.number <= room else { throw .tapeIsFull }
        }
    }

    /// What `next` holds of an open container around another; all ones for none.
    @inline(always) private func number(of container: UnsafeMutablePointer<TapeEntry>?) -> UInt32 {
        guard let container = unsafe container else { return .max }
        return UInt32(truncatingIfNeeded: unsafe container - tape)
    }

    /// Closes a container, which ends before `position`; gives the one around it.
    @inline(always) private func close(
        _ container: UnsafeMutablePointer<TapeEntry>, _ position: Int, _ count: Int
    ) -> (container: UnsafeMutablePointer<TapeEntry>?, isObject: Bool) {
        let outer = unsafe container.pointee.next
        unsafe container.pointee.length =
            UInt32(truncatingIfNeeded: position) &- container.pointee.offset
        unsafe container.pointee.next = UInt32(truncatingIfNeeded: count)
        guard outer != .max else { return (nil, false) }
        let pointer = unsafe tape + Int(outer)
        return unsafe (pointer, pointer.pointee.kind == .object)
    }

    // Three bytes, moved up so that a fourth does not count; two bytes; the third of four.

    /// `","`: from a string to the next key.
    private static let stringToKey: UInt32 = 0x222C_2200
    /// `":`: from a key to its value.
    private static let keyToValue: UInt32 = 0x3A22
    /// `"`
    private static let quote: UInt32 = 0x22_0000
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
