import JSON

/// The decimal digits of a finite double's magnitude, for the ECMAScript conversions that are defined
/// on its exact value (ECMA-262 §21.1.3.3 and §21.1.3.5).
struct DecimalDigits {
    /// 0–9, most significant first, without leading zeros; empty for zero.
    private(set) var digits: [UInt8]
    /// How many of them stand before the decimal point; may be negative or beyond the last one.
    private(set) var scale: Int

    /// Every digit of the value: up to 767 of them, since 2⁻ⁿ has n decimal places.
    init(exactly value: Double) {
        var significand = value.significandBitPattern
        var exponent = Int(value.exponentBitPattern)
        if exponent > 0 { significand |= 1 << 52 } else { exponent = 1 }
        exponent -= 1075
        guard significand != 0 else {
            (digits, scale) = ([], 0)
            return
        }
        let zeros = significand.trailingZeroBitCount
        significand >>= UInt64(zeros)
        exponent += zeros
        var limbs: [UInt32] = []
        while significand > 0 {
            limbs.append(UInt32(significand % Self.base))
            significand /= Self.base
        }
        let isFraction = exponent < 0
        var rest = exponent.magnitude
        while rest > 0 {
            // The largest powers of 5 and of 2 whose product with a limb fits 64 bits.
            let step = min(rest, isFraction ? 13 : 29)
            var factor: UInt64 = 1
            for _ in 0..<step { factor *= isFraction ? 5 : 2 }
            Self.multiply(&limbs, by: factor)
            rest -= step
        }
        digits = Self.digits(of: limbs)
        scale = digits.count - (isFraction ? Int(exponent.magnitude) : 0)
    }

    /// The fewest digits that read back as the value.
    init(shortest value: Double) {
        digits = []
        scale = 0
        var exponent = 0
        var point: Int?
        var text = value.magnitude.description.utf8[...]
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(text[text.index(after: mark)...]) ?? "") ?? 0
            text = text[..<mark]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") {
                point = digits.count
            } else {
                digits.append(byte &- UInt8(ascii: "0"))
            }
        }
        scale = (point ?? digits.count) + exponent
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        scale -= zeros
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { scale = 0 }
    }

    private static let base: UInt64 = 1_000_000_000

    private static func multiply(_ limbs: inout [UInt32], by factor: UInt64) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = UInt64(limbs[index]) * factor + carry
            limbs[index] = UInt32(product % base)
            carry = product / base
        }
        while carry > 0 {
            limbs.append(UInt32(carry % base))
            carry /= base
        }
    }

    private static func digits(of limbs: [UInt32]) -> [UInt8] {
        var reversed: [UInt8] = []
        reversed.reserveCapacity(limbs.count * 9)
        for limb in limbs {
            var rest = limb
            for _ in 0..<9 {
                reversed.append(UInt8(rest % 10))
                rest /= 10
            }
        }
        while reversed.last == 0 { reversed.removeLast() }
        return reversed.reversed()
    }

    /// Keeps the first `kept` digits, rounding half up as ECMAScript's conversions do ("let n be the
    /// larger").
    mutating func round(keeping kept: Int) {
        guard kept < digits.count else { return }
        guard kept >= 0 else {
            (digits, scale) = ([], 0)
            return
        }
        let up = digits[kept] >= 5
        digits.removeSubrange(kept...)
        guard up else { return }
        var index = kept - 1
        while index >= 0, digits[index] == 9 {
            digits[index] = 0
            index -= 1
        }
        if index >= 0 {
            digits[index] += 1
        } else {
            digits.insert(1, at: 0)
            scale += 1
        }
    }

    /// The nearest double of these digits.
    var double: Double {
        guard !digits.isEmpty else { return 0 }
        let text = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        return Double("\(text)e\(scale - digits.count)") ?? .nan
    }

    /// Plain notation with `places` digits after the point; to be rounded to that many before.
    func fixed(places: Int) -> [UInt8] {
        let zero = UInt8(ascii: "0")
        var out: [UInt8] = []
        for place in 0..<max(scale, 0) {
            out.append(place < digits.count ? digits[place] + zero : zero)
        }
        if out.isEmpty { out.append(zero) }
        guard places > 0 else { return out }
        out.append(UInt8(ascii: "."))
        for place in scale..<(scale + places) {
            out.append(digits.indices.contains(place) ? digits[place] + zero : zero)
        }
        return out
    }
}
