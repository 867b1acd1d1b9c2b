/// The cyclic redundancy check of ISO 3309, as zlib and Ethernet have it: PayPal signs a body's.
enum CRC32 {
    /// Remainders of every byte, of the reflected polynomial 0xEDB88320.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in
            rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1
        }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { rest, byte in
            table[Int((rest ^ UInt32(byte)) & 0xFF)] ^ rest >> 8
        }
    }
}
