import CChecksum

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of a line.
///
/// It guards against torn writes and failing media, not against somebody who edits the file.
enum CRC32C {
    /// The checksum of a range of bytes; out-of-range bounds are a programmer's error and trap.
    static func checksum(
        _ bytes: [UInt8], _ range: Range<Int>, _ way: Way = fastest
    ) -> UInt32 {
        // The slice is bounds-checked before its address is used.
        unsafe bytes[range].withUnsafeBufferPointer { bytes in
            switch way {
            case .table: unsafe table(bytes)
            case .instruction: unsafe ~postern_crc32c(.max, bytes.baseAddress, bytes.count)
            case .parts: unsafe ~postern_crc32c_in_parts(.max, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// How it is computed.
    enum Way {
        case table
        /// By the processor's instruction.
        case instruction
        /// By that, three parts at a time.
        case parts
    }

    /// Those that this processor has.
    static let ways: [Way] =
        [.table] + (postern_crc32c_is_fast() != 0 ? [.instruction] : [])
        + (postern_crc32c_has_parts() != 0 ? [.parts] : [])
    private static let fastest = ways.last ?? .table

    /// Without the processor's help: a byte at a time. Also what tests compare with.
    private static func table(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            crc = entries[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8)
        }
        return ~crc
    }

    private static let entries: [UInt32] = (0..<256).map { index in
        var crc = UInt32(index)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
        return crc
    }
}
