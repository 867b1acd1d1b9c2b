/// Text that is written into room of an expected size, so that no piece of it costs a check of an
/// array's owner, a look at its capacity and a call.
/// `[UInt8].append(expecting:)` makes one.
/// What goes beyond the room is counted and not written; the array then makes room for all of it and has
/// it written once more. An expectation that is too small costs time, nothing else.
///
/// The reason for unsafe: it is the one place that writes through a pointer, behind `room(_:)`.
@safe package struct TextOutput: ~Copyable {
    @usableFromInline let start: UnsafeMutableRawPointer
    @usableFromInline let capacity: Int
    /// Bytes written so far, those that found no room counted too.
    @usableFromInline package private(set) var count = 0

    fileprivate init(_ start: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.start = start
        self.capacity = capacity
    }

    /// Takes the next `length` bytes of the room; nil when they are not all there.
    @inlinable mutating func room(_ length: Int) -> UnsafeMutableRawPointer? {
        let place = count
        count = place &+ length
        return count <= capacity ? unsafe start + place : nil
    }

    /// A literal as it is.
    @inlinable package mutating func raw(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        // A literal's bytes live as long as the program.
        if let place = unsafe room(length) {
            unsafe place.copyMemory(from: text.utf8Start, byteCount: length)
        }
    }

    /// Bytes as they are.
    @inlinable package mutating func raw(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let place = unsafe room(bytes.count) else { return }
            unsafe place.copyMemory(from: base, byteCount: bytes.count)
        }
    }

    /// Text as it is.
    package mutating func raw(text: String) { raw(text.utf8.span) }

    /// One byte of ASCII as it is.
    @inlinable package mutating func byte(_ byte: Unicode.Scalar) {
        put(UInt8(truncatingIfNeeded: byte.value))
    }

    /// One byte.
    @inlinable package mutating func put(_ byte: UInt8) {
        if let place = unsafe room(1) { unsafe place.storeBytes(of: byte, as: UInt8.self) }
    }

    /// A string with its quotes, escaped as `JSON.stringify` does (ECMA-262 §25.5.2.3).
    package mutating func string(_ text: String) { string(text.utf8.span) }

    /// A string given as UTF-8.
    package mutating func string(_ text: Span<UInt8>) {
        if unsafe plainString(text, PlainRun.unescapedEnd) { return }
        byte("\"")
        escaped(text)
        byte("\"")
    }

    /// Writes a string that is one run, which most are, with its quotes at once.
    /// - Parameter end: where a run ends.
    /// - Returns: false, and writes nothing, when the run ends before the text does.
    @inline(__always) private mutating func plainString(
        _ text: Span<UInt8>, _ end: (UnsafeRawPointer, Int, Int) -> Int
    ) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            let length = bytes.count
            guard let base = bytes.baseAddress, unsafe end(base, 0, length) == length else {
                return false
            }
            guard let place = unsafe room(length + 2) else { return true }
            unsafe place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
            unsafe (place + 1).copyMemory(from: base, byteCount: length)
            unsafe place.storeBytes(
                of: UInt8(ascii: "\""), toByteOffset: length + 1, as: UInt8.self)
            return true
        }
    }

    /// A string given as bytes; what is not UTF-8 in them is replaced.
    package mutating func string(received text: Span<UInt8>) {
        // ASCII needs no look at its encoding.
        if unsafe plainString(text, PlainRun.end) { return }
        let isUTF8 = (try? UTF8Span(validating: text)) != nil
        if isUTF8 { return string(text) }
        string(ByteText.string(text))
    }

    /// What `string` writes between the quotes: runs without an escape are copied whole.
    package mutating func escaped(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var start = 0
            var index = unsafe PlainRun.unescapedEnd(base, from: 0, to: bytes.count)
            while index < bytes.count {
                let byte = unsafe bytes[index]
                var length = 1
                if byte == 0xF4 {
                    guard let unit = unsafe StringEscapes.surrogate(in: bytes, at: index) else {
                        index = unsafe PlainRun.unescapedEnd(
                            base, from: index + 1, to: bytes.count)
                        continue
                    }
                    unsafe copy(base + start, index - start)
                    escape(unit)
                    length = 4
                } else {
                    unsafe copy(base + start, index - start)
                    escape(byte)
                }
                start = index + length
                index = unsafe PlainRun.unescapedEnd(base, from: start, to: bytes.count)
            }
            unsafe copy(base + start, bytes.count - start)
        }
    }

    private mutating func copy(_ source: UnsafeRawPointer, _ length: Int) {
        if let place = unsafe room(length) {
            unsafe place.copyMemory(from: source, byteCount: length)
        }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x08: raw("\\b")
        case 0x0C: raw("\\f")
        case 0x0A: raw("\\n")
        case 0x0D: raw("\\r")
        case 0x09: raw("\\t")
        default: escape(UInt16(byte))
        }
    }

    private mutating func escape(_ unit: UInt16) {
        raw("\\u")
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
            put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// A whole number.
    package mutating func number(_ number: Int64) {
        if number < 0 { byte("-") }
        let magnitude = number.magnitude
        var length = 1
        var bound: UInt64 = 10
        // The greatest magnitude has 19 digits.
        while length < 19, magnitude >= bound {
            length += 1
            bound &*= 10
        }
        digits(magnitude, length)
    }

    /// The lowest `length` decimal digits of a number, with zeros in front.
    package mutating func digits(_ number: UInt64, _ length: Int) {
        guard let place = unsafe room(length) else { return }
        var rest = number
        var index = length
        while index > 1 {
            index -= 2
            let digits = Self.twoDigits(UInt32(truncatingIfNeeded: rest % 100))
            unsafe place.storeBytes(of: digits, toByteOffset: index, as: UInt16.self)
            rest /= 100
        }
        if index == 1 {
            let digit = UInt8(truncatingIfNeeded: rest % 10)
            unsafe place.storeBytes(of: 0x30 &+ digit, as: UInt8.self)
        }
    }

    /// The two lowest decimal digits of a number below 1,000.
    package mutating func pair(_ number: Int) {
        guard let place = unsafe room(2) else { return }
        unsafe place.storeBytes(
            of: Self.twoDigits(UInt32(truncatingIfNeeded: number)), as: UInt16.self)
    }

    /// The two lowest digits, as they lie in memory.
    private static func twoDigits(_ number: UInt32) -> UInt16 {
        let digits = (number / 10 % 10) | (number % 10) << 8 | 0x3030
        return UInt16(truncatingIfNeeded: digits).littleEndian
    }
}

extension [UInt8] {
    /// Appends what `body` writes, in one go when it is no more than expected.
    ///
    /// - Parameters:
    ///   - room: how many bytes are expected.
    ///   - body: writes the text; called again, to write the same, when there was not enough room. What it
    ///     does besides must come to the same when it is done twice.
    package mutating func append(expecting room: Int, _ body: (inout TextOutput) -> Void) {
        var room = Swift.max(room, 1)
        while true {
            let needed = write(body, room)
            if needed <= room { return }
            room = needed
        }
    }

    /// Appends what `body` writes if it fits into `room`.
    /// - Returns: how many bytes it wrote, or would have.
    private mutating func write(_ body: (inout TextOutput) -> Void, _ room: Int) -> Int {
        var needed = 0
        append(addingCapacity: room) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let base = buffer.baseAddress else { return }
                var output = unsafe TextOutput(base + initialized, capacity: room)
                body(&output)
                needed = output.count
                if needed <= room { initialized += needed }
            }
        }
        return needed
    }
}
