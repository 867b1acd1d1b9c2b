/// Checks a text against RFC 8259 and lays out its tape, in one pass without recursion.
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

    private let base: UnsafeRawPointer
    private let end: Int
    private let depthMax: Int
    private let tape: UnsafeMutablePointer<TapeEntry>
    private let capacity: Int

    /// The pointers are used only during `scan`, inside the caller's `withUnsafeBytes` and before the
    /// tape's memory is taken over.
    init(
        _ buffer: UnsafeRawBufferPointer, tape: UnsafeMutableBufferPointer<TapeEntry>, depthMax: Int
    ) throws(Failure) {
        guard let start = buffer.baseAddress else { throw Failure(code: .emptyInput, offset: 0) }
        guard let entries = tape.baseAddress else { throw .tapeIsFull }
        unsafe base = start
        end = buffer.count
        unsafe self.tape = entries
        capacity = tape.count
        self.depthMax = depthMax
    }

    /// The byte at `index`, which the caller has compared with `end`.
    @inline(__always) private func byte(_ index: Int) -> UInt8 {
        unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// Writes the entry number `count`; gives the next number.
    @inline(__always) private func append(
        _ count: Int, _ kind: JSONKind, _ offset: Int, _ length: Int, flag: Bool = false
    ) throws(Failure) -> Int {
        guard count < capacity else { throw .tapeIsFull }
        unsafe (tape + count).initialize(
            to: TapeEntry(kind: kind, offset: offset, length: length, next: count &+ 1, flag: flag))
        return count &+ 1
    }

    /// How many entries were written.
    func scan() throws(Failure) -> Int {
        if end >= 3, byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF {
            // RFC 8259 §8.1: a sender must not add one; refusing it keeps the signed bytes unambiguous.
            throw Failure(code: .byteOrderMark, offset: 0)
        }
        var position = afterSpace(0)
        guard position < end else { throw Failure(code: .emptyInput, offset: position) }
        var count = 0
        var depth = 0
        /// Index of the innermost open container; while it is open its `next` holds the one around it.
        var container = -1
        var isObject = false
        while true {
            let first = byte(position)
            if first == UInt8(ascii: "\"") {
                (position, count) = try scanString(position, count)
            } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard depth < depthMax else { throw Failure(code: .tooDeep, offset: position) }
                depth &+= 1
                isObject = first == UInt8(ascii: "{")
                let opened = count
                count = try append(count, isObject ? .object : .array, position, 0)
                unsafe tape[opened].next = UInt32(truncatingIfNeeded: container)
                container = opened
                position = try present(afterSpace(position &+ 1))
                if byte(position) != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    (position, count) = try beginItem(position, count, container, isObject)
                    continue
                }
            } else if first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "-") {
                let start = position
                position = try numberEnd(start)
                count = try append(count, .number, start, position &- start)
            } else {
                (position, count) = try scanLiteral(position, count)
            }
            // After a value: the next one of the container, or the ends of containers.
            var hasNext = false
            while container >= 0 {
                position = try present(afterSpace(position))
                let mark = byte(position)
                if mark == UInt8(ascii: ",") {
                    position = afterSpace(position &+ 1)
                    (position, count) = try beginItem(position, count, container, isObject)
                    hasNext = true
                    break
                }
                guard mark == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw Failure(code: .unexpectedCharacter, offset: position)
                }
                position &+= 1
                depth &-= 1
                let outer = unsafe Int(Int32(bitPattern: tape[container].next))
                unsafe tape[container].length =
                    UInt32(truncatingIfNeeded: position) &- tape[container].offset
                unsafe tape[container].next = UInt32(truncatingIfNeeded: count)
                container = outer
                isObject = unsafe outer >= 0 && tape[outer].kind == .object
            }
            if !hasNext { break }
        }
        position = afterSpace(position)
        if position < end { throw Failure(code: .trailingContent, offset: position) }
        return count
    }

    /// Counts the next element or member, and moves to its value over a member's key.
    @inline(__always) private func beginItem(
        _ position: Int, _ count: Int, _ container: Int, _ isObject: Bool
    ) throws(Failure) -> (position: Int, count: Int) {
        unsafe tape[container].meta &+= 1 << 4
        guard isObject else { return (try present(position), count) }
        guard try byte(present(position)) == UInt8(ascii: "\"") else {
            throw Failure(code: .unexpectedCharacter, offset: position)
        }
        var (place, entries) = try scanString(position, count)
        place = try present(afterSpace(place))
        guard byte(place) == UInt8(ascii: ":") else {
            throw Failure(code: .unexpectedCharacter, offset: place)
        }
        return (try present(afterSpace(place &+ 1)), entries)
    }

    /// `position`, unless the text ends there.
    @inline(__always) private func present(_ position: Int) throws(Failure) -> Int {
        guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
        return position
    }

    @inline(__always) private func afterSpace(_ position: Int) -> Int {
        if position < end, byte(position) > 0x20 { return position }
        return afterLongSpace(position)
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

    @inline(never) private func scanLiteral(
        _ position: Int, _ count: Int
    ) throws(Failure) -> (position: Int, count: Int) {
        let text: StaticString
        let kind: JSONKind
        switch byte(position) {
        case UInt8(ascii: "t"): (text, kind) = ("true", .bool)
        case UInt8(ascii: "f"): (text, kind) = ("false", .bool)
        case UInt8(ascii: "n"): (text, kind) = ("null", .null)
        default: throw Failure(code: .unexpectedCharacter, offset: position)
        }
        let length = text.utf8CodeUnitCount
        guard end - position >= length else {
            throw Failure(code: .invalidLiteral, offset: position)
        }
        for index in 0..<length {
            let expected = unsafe text.utf8Start[index]
            guard byte(position + index) == expected else {
                throw Failure(code: .invalidLiteral, offset: position + index)
            }
        }
        let isTrue = kind == .bool && length == 4
        return (position + length, try append(count, kind, position, length, flag: isTrue))
    }

    /// RFC 8259 §6: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    @inline(__always) private func numberEnd(_ start: Int) throws(Failure) -> Int {
        var place = byte(start) == UInt8(ascii: "-") ? start &+ 1 : start
        if place < end, byte(place) == UInt8(ascii: "0") {
            place &+= 1
        } else {
            place = try digitsEnd(place)
        }
        if place < end, byte(place) == UInt8(ascii: ".") { place = try digitsEnd(place &+ 1) }
        if place < end, byte(place) | 0x20 == UInt8(ascii: "e") {
            place &+= 1
            if place < end {
                let sign = byte(place)
                if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { place &+= 1 }
            }
            place = try digitsEnd(place)
        }
        if place < end, byte(place) &- UInt8(ascii: "0") < 10 {
            throw Failure(code: .invalidNumber, offset: place)
        }
        return place
    }

    @inline(__always) private func digitsEnd(_ start: Int) throws(Failure) -> Int {
        var place = start
        while place < end, byte(place) &- UInt8(ascii: "0") < 10 { place &+= 1 }
        if place == start { throw Failure(code: .invalidNumber, offset: place) }
        return place
    }

    // MARK: Strings

    /// From the opening quote to after the closing one.
    @inline(__always) private func scanString(
        _ position: Int, _ count: Int
    ) throws(Failure) -> (position: Int, count: Int) {
        let start = position &+ 1
        let stop = unsafe PlainRun.end(base, from: start, to: end)
        if stop < end, byte(stop) == UInt8(ascii: "\"") {
            return (stop &+ 1, try append(count, .string, start, stop &- start))
        }
        return try scanUncommonString(start, from: stop, count)
    }

    /// The rest of a string that has escapes or more than ASCII, from `position` on.
    @inline(never) private func scanUncommonString(
        _ start: Int, from position: Int, _ count: Int
    ) throws(Failure) -> (position: Int, count: Int) {
        var place = position
        var hasEscape = false
        while true {
            guard place < end else { throw Failure(code: .unexpectedEnd, offset: place) }
            let character = byte(place)
            switch character {
            case UInt8(ascii: "\""):
                return (
                    place + 1, try append(count, .string, start, place - start, flag: hasEscape)
                )
            case UInt8(ascii: "\\"):
                hasEscape = true
                place = try escapeEnd(place)
            case ..<0x20: throw Failure(code: .controlCharacter, offset: place)
            default: place = try multibyteEnd(place, character)
            }
            place = unsafe PlainRun.end(base, from: place, to: end)
        }
    }

    private func escapeEnd(_ position: Int) throws(Failure) -> Int {
        guard position + 1 < end else { throw Failure(code: .unexpectedEnd, offset: end) }
        switch byte(position + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return position + 2
        case UInt8(ascii: "u"):
            guard end - position >= 6 else { throw Failure(code: .invalidEscape, offset: position) }
            for index in 2..<6 where hexDigitValue(byte(position + index)) == nil {
                throw Failure(code: .invalidEscape, offset: position + index)
            }
            return position + 6
        default: throw Failure(code: .invalidEscape, offset: position + 1)
        }
    }

    /// One character of two to four bytes, by the table of Unicode 15 §3.9 (RFC 3629 §4): no overlong
    /// form, no surrogate, nothing above U+10FFFF.
    private func multibyteEnd(_ position: Int, _ lead: UInt8) throws(Failure) -> Int {
        let count: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch lead {
        case 0xC2...0xDF: count = 2
        case 0xE0: (count, low) = (3, 0xA0)
        case 0xED: (count, high) = (3, 0x9F)
        case 0xE1...0xEF: count = 3
        case 0xF0: (count, low) = (4, 0x90)
        case 0xF1...0xF3: count = 4
        case 0xF4: (count, high) = (4, 0x8F)
        default: throw Failure(code: .invalidUTF8, offset: position)
        }
        guard end - position >= count else { throw Failure(code: .invalidUTF8, offset: position) }
        let second = byte(position + 1)
        guard second >= low, second <= high else {
            throw Failure(code: .invalidUTF8, offset: position)
        }
        for index in 2..<max(count, 2) where byte(position + index) & 0xC0 != 0x80 {
            throw Failure(code: .invalidUTF8, offset: position)
        }
        return position + count
    }
}

/// The value of an ASCII hexadecimal digit, or nil.
@inline(__always) func hexDigitValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte &- UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte &- UInt8(ascii: "A")) + 10
    default: nil
    }
}
