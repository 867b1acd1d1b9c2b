/// Lower-case hexadecimal digits.
package enum HexText {
    /// The eight digits of a number, the first one lowest.
    package static func digits(_ number: UInt32) -> UInt64 {
        // Each half byte becomes a byte, in three steps; then digits and letters are told apart.
        var spread = UInt64(number.byteSwapped)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread >> 4 | spread << 8) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }
}
