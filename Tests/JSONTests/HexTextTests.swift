import JSON
import Testing

struct HexTextTests {
    @Test func `eight digits are those of the number, the first one lowest`() {
        let numbers =
            [0, 1, 0x9A, 0x0123_4567, 0x89AB_CDEF, .max, 0xF0F0_F0F0, 0x0F0F_0F0F]
            + (0..<32).map { UInt32(1) << $0 }
        for number in numbers as [UInt32] {
            let digits = HexText.digits(number)
            let text = String(
                decoding: (0..<8).map { UInt8(truncatingIfNeeded: digits >> (8 * $0)) },
                as: UTF8.self)
            let plain = String(number, radix: 16)
            #expect(text == String(repeating: "0", count: 8 - plain.count) + plain)
        }
    }
}
