internal import JSON

/// Text that is made at the end of an arena.
extension Arena<UInt8> {
    /// Appends the UTF-8 of a text.
    mutating func append(utf8 text: String) {
        append(text.utf8.span)
    }

    /// Appends ASCII that is written out here.
    mutating func append(ascii text: StaticString) {
        append(
            unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).span)
    }

    /// Appends a string with its quotes, escaped as `JSON.stringify` does.
    mutating func append(quoting text: Span<UInt8>) {
        if JSONWriter.needsNoEscape(text) {
            append(quoted: text)
        } else {
            var writer = JSONWriter()
            writer.write(utf8: text)
            append(writer.bytes.span)
        }
    }

    /// Appends a string that needs no escapes with its quotes.
    mutating func append(quoted text: Span<UInt8>) {
        append(UInt8(ascii: "\""), text, UInt8(ascii: "\""))
    }

    private static var powersOfTen: (Double, Double, Double) { (10, 100, 1_000) }

    /// Appends a double as ECMAScript writes it (`NumberText`).
    mutating func append(number: Double) {
        if number.magnitude < 1e15 {
            let whole = Int64(number)
            if Double(whole) == number {
                if whole < 0 { append(UInt8(ascii: "-")) }
                return append(digits: whole.magnitude)
            }
            // Up to three decimals: of 15 digits or fewer no two numbers share a double, so that what
            // gives the double is its shortest text.
            let scaled = (number.magnitude * 1_000).rounded()
            if number.magnitude >= 0.001, scaled < 1e15, scaled / 1_000 == number.magnitude {
                if number < 0 { append(UInt8(ascii: "-")) }
                return append(thousandths: UInt64(scaled))
            }
        }
        append(utf8: NumberText.ecmaScript(number))
    }

    private mutating func append(thousandths: UInt64) {
        append(digits: thousandths / 1_000)
        append(UInt8(ascii: "."))
        var rest = thousandths % 1_000
        var unit: UInt64 = 100
        while rest > 0 {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / unit))
            rest %= unit
            unit /= 10
        }
    }

    /// Appends an integer in decimal, with zeros before it up to `width` digits.
    mutating func append(digits number: UInt64, width: Int = 1) {
        var length = 1
        var rest = number / 10
        while rest > 0 {
            length += 1
            rest /= 10
        }
        length = Swift.max(length, width)
        append(repeating: UInt8(ascii: "0"), count: length)
        var place = count - 1
        rest = number
        while rest > 0 {
            self[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            place &-= 1
        }
    }
}
