/// Literals, numbers and strings.
extension JSONScanner {
    func scanLiteral(_ state: inout State) throws(Failure) {
        let position = state.position
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
        state.write(kind, position, length, flag: kind == .bool && length == 4)
        state.position = position + length
    }

    /// RFC 8259 §6: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    func numberEnd(_ start: Int) throws(Failure) -> Int {
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

    /// A string, whose opening quote is the next special byte.
    func scanString(_ state: inout State) throws(Failure) {
        pass(&state.marks)
        let start = state.position &+ 1
        let stop = next(&state.marks)
        if stop < end, byte(stop) == UInt8(ascii: "\"") {
            state.write(.string, start, stop &- start)
            state.position = stop &+ 1
            return
        }
        state.position = try uncommonStringEnd(start, from: stop, &state)
        state.marks = marks(from: state.position, after: state.marks)
    }

    /// The rest of a string that has escapes or more than ASCII, from `position` on.
    @inline(never) private func uncommonStringEnd(
        _ start: Int, from position: Int, _ state: inout State
    ) throws(Failure) -> Int {
        var place = position
        var hasEscape = false
        while true {
            guard place < end else { throw Failure(code: .unexpectedEnd, offset: place) }
            let character = byte(place)
            switch character {
            case UInt8(ascii: "\""):
                state.write(.string, start, place - start, flag: hasEscape)
                return place + 1
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
