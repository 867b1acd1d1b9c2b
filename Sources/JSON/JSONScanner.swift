/// Checks a text against RFC 8259 and lays out its tape, in one pass without recursion.
///
/// The scanner reads through an unsafe pointer, because a bounds check a byte would more than double
/// its time; every read below is guarded by a comparison of `position` with `end`.
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
    private var position = 0
    private let tape: UnsafeMutableBufferPointer<TapeEntry>
    /// Entries written.
    private(set) var count = 0
    /// Index of the innermost open container; while it is open its `next` holds the one around it.
    private var container = -1
    private var depth = 0

    /// The pointers are used only during `scan`, inside the caller's `withUnsafeBytes` and before the
    /// tape's memory is taken over.
    init(
        _ buffer: UnsafeRawBufferPointer, tape: UnsafeMutableBufferPointer<TapeEntry>, depthMax: Int
    ) throws(Failure) {
        guard let start = buffer.baseAddress else { throw Failure(code: .emptyInput, offset: 0) }
        unsafe base = start
        end = buffer.count
        unsafe self.tape = tape
        self.depthMax = depthMax
    }

    /// The entry at `index`, which was returned by `append`.
    @inline(__always) private func entry(_ index: Int) -> UnsafeMutablePointer<TapeEntry> {
        // The tape has memory: `append` refuses otherwise.
        unsafe tape.baseAddress.unsafelyUnwrapped + index
    }

    /// The byte at `index`, which the caller has compared with `end`.
    @inline(__always) private func byte(_ index: Int) -> UInt8 {
        unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    mutating func scan() throws(Failure) {
        if end >= 3, byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF {
            // RFC 8259 §8.1: a sender must not add one; refusing it keeps the signed bytes unambiguous.
            throw Failure(code: .byteOrderMark, offset: 0)
        }
        skipSpace()
        guard position < end else { throw Failure(code: .emptyInput, offset: position) }
        var atValue = true
        repeat {
            atValue = atValue ? try scanValue() : try scanRest()
        } while atValue || container >= 0
        skipSpace()
        if position < end { throw Failure(code: .trailingContent, offset: position) }
    }

    /// After a value inside a container: a comma, up to the next value (true), or the end (false).
    private mutating func scanRest() throws(Failure) -> Bool {
        skipSpace()
        guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
        let isObject = unsafe entry(container).pointee.kind == .object
        let character = byte(position)
        if character == UInt8(ascii: ",") {
            position += 1
            skipSpace()
            try beginItem(isObject: isObject)
            return true
        } else if character == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            closeContainer()
            return false
        } else {
            throw Failure(code: .unexpectedCharacter, offset: position)
        }
    }

    /// Counts the next element or member and moves to its value, over a member's key.
    private mutating func beginItem(isObject: Bool) throws(Failure) {
        if isObject { try scanKey() }
        unsafe entry(container).pointee.meta &+= 1 << 4
        skipSpace()
        guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
    }

    /// One value; of a container that holds anything only the opening, up to its first value (true).
    private mutating func scanValue() throws(Failure) -> Bool {
        switch byte(position) {
        case UInt8(ascii: "\""): try scanString()
        case UInt8(ascii: "{"): return try openContainer(.object, closing: UInt8(ascii: "}"))
        case UInt8(ascii: "["): return try openContainer(.array, closing: UInt8(ascii: "]"))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try scanNumber()
        case UInt8(ascii: "t"): try scanLiteral("true", .bool, flag: true)
        case UInt8(ascii: "f"): try scanLiteral("false", .bool, flag: false)
        case UInt8(ascii: "n"): try scanLiteral("null", .null, flag: false)
        default: throw Failure(code: .unexpectedCharacter, offset: position)
        }
        return false
    }

    private mutating func openContainer(
        _ kind: JSONKind, closing: UInt8
    ) throws(Failure) -> Bool {
        guard depth < depthMax else { throw Failure(code: .tooDeep, offset: position) }
        depth += 1
        let index = count
        try append(kind, position, 0, flag: false)
        unsafe entry(index).pointee.next = UInt32(truncatingIfNeeded: container)
        container = index
        position += 1
        skipSpace()
        guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
        if byte(position) == closing {
            closeContainer()
            return false
        }
        try beginItem(isObject: kind == .object)
        return true
    }

    private mutating func closeContainer() {
        position += 1
        depth -= 1
        let closed = unsafe entry(container)
        container = unsafe Int(Int32(bitPattern: closed.pointee.next))
        unsafe closed.pointee.length =
            UInt32(truncatingIfNeeded: position) &- closed.pointee.offset
        unsafe closed.pointee.next = UInt32(truncatingIfNeeded: count)
    }

    private mutating func scanKey() throws(Failure) {
        guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
        guard byte(position) == UInt8(ascii: "\"") else {
            throw Failure(code: .unexpectedCharacter, offset: position)
        }
        try scanString()
        if position < end, byte(position) == UInt8(ascii: ":") {
            position += 1
            return
        }
        skipSpace()
        guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
        guard byte(position) == UInt8(ascii: ":") else {
            throw Failure(code: .unexpectedCharacter, offset: position)
        }
        position += 1
    }

    private mutating func scanLiteral(
        _ text: StaticString, _ kind: JSONKind, flag: Bool
    ) throws(Failure) {
        let start = position
        let count = text.utf8CodeUnitCount
        guard end - position >= count else { throw Failure(code: .invalidLiteral, offset: start) }
        for index in 0..<count {
            let expected = unsafe text.utf8Start[index]
            guard byte(start + index) == expected else {
                throw Failure(code: .invalidLiteral, offset: start + index)
            }
        }
        position += count
        try append(kind, start, count, flag: flag)
    }

    @inline(__always)
    private mutating func append(
        _ kind: JSONKind, _ offset: Int, _ length: Int, flag: Bool
    ) throws(Failure) {
        guard unsafe count < tape.count else { throw .tapeIsFull }
        unsafe entry(count).initialize(
            to: TapeEntry(kind: kind, offset: offset, length: length, next: count + 1, flag: flag))
        count += 1
    }

    @inline(__always) private mutating func skipSpace() {
        while position < end {
            let character = byte(position)
            if character > 0x20 { return }
            guard character == 0x20 || character == 0x0A || character == 0x0D || character == 0x09
            else { return }
            position += 1
        }
    }

    /// RFC 8259 §6: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    private mutating func scanNumber() throws(Failure) {
        let start = position
        if byte(position) == UInt8(ascii: "-") { position += 1 }
        if position < end, byte(position) == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits(from: start)
        }
        if position < end, byte(position) == UInt8(ascii: ".") {
            position += 1
            try scanDigits(from: start)
        }
        if position < end, byte(position) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end {
                let sign = byte(position)
                if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            }
            try scanDigits(from: start)
        }
        if position < end, byte(position) &- UInt8(ascii: "0") < 10 {
            throw Failure(code: .invalidNumber, offset: position)
        }
        try append(.number, start, position - start, flag: false)
    }

    private mutating func scanDigits(from start: Int) throws(Failure) {
        let first = position
        while position < end, byte(position) &- UInt8(ascii: "0") < 10 { position += 1 }
        if position == first { throw Failure(code: .invalidNumber, offset: position) }
    }

    // MARK: Strings

    /// From the opening quote to after the closing one.
    @inline(__always) private mutating func scanString() throws(Failure) {
        let start = position + 1
        position = plainEnd(start)
        if position < end, byte(position) == UInt8(ascii: "\"") {
            try append(.string, start, position - start, flag: false)
            position += 1
        } else {
            try scanUncommonString(from: start)
        }
    }

    /// The rest of a string that has escapes or more than ASCII, from `position` on.
    private mutating func scanUncommonString(from start: Int) throws(Failure) {
        var hasEscape = false
        while true {
            guard position < end else { throw Failure(code: .unexpectedEnd, offset: position) }
            let character = byte(position)
            switch character {
            case UInt8(ascii: "\""):
                try append(.string, start, position - start, flag: hasEscape)
                position += 1
                return
            case UInt8(ascii: "\\"):
                hasEscape = true
                try scanEscape()
            case ..<0x20: throw Failure(code: .controlCharacter, offset: position)
            case ..<0x80: break
            default: try scanMultibyte(character)
            }
            position = plainEnd(position)
        }
    }

    @inline(__always) private func plainEnd(_ start: Int) -> Int {
        unsafe PlainRun.end(base, from: start, to: end)
    }

    private mutating func scanEscape() throws(Failure) {
        guard position + 1 < end else { throw Failure(code: .unexpectedEnd, offset: end) }
        switch byte(position + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard end - position >= 6 else { throw Failure(code: .invalidEscape, offset: position) }
            for index in 2..<6 where hexDigitValue(byte(position + index)) == nil {
                throw Failure(code: .invalidEscape, offset: position + index)
            }
            position += 6
        default: throw Failure(code: .invalidEscape, offset: position + 1)
        }
    }

    /// One character of two to four bytes, by the table of Unicode 15 §3.9 (RFC 3629 §4): no overlong
    /// form, no surrogate, nothing above U+10FFFF.
    private mutating func scanMultibyte(_ lead: UInt8) throws(Failure) {
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
        position += count
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
