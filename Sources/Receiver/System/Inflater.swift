import CZlib
package import Webhooks

/// Undoes the content codings `gzip` and `deflate` (RFC 9110 §8.4.1) within a limit.
package enum Inflater {
    /// - Returns: at most `maximum` bytes; a failure for a coding it does not know, for bytes that are
    ///   not of that coding or not whole, and for a result beyond the maximum.
    package static func decode(
        _ coding: String, _ bytes: [UInt8], maximum: Int
    ) -> Result<[UInt8], PipelineEnvironment.DecodingFailure> {
        if bytes.isEmpty { return .success([]) }
        switch coding.lowercased() {
        case "gzip", "x-gzip": return inflate(bytes, windowBits: 15 + 16, maximum)
        case "deflate":
            // RFC 9110 means the zlib format; some senders give the bare one.
            let zlib = inflate(bytes, windowBits: 15, maximum)
            if case .failure(.malformed) = zlib { return inflate(bytes, windowBits: -15, maximum) }
            return zlib
        case "identity", "": return bytes.count <= maximum ? .success(bytes) : .failure(.tooLarge)
        default: return .failure(.unsupported)
        }
    }

    private static func inflate(
        _ bytes: [UInt8], windowBits: Int32, _ maximum: Int
    ) -> Result<[UInt8], PipelineEnvironment.DecodingFailure> {
        guard let length = UInt32(exactly: bytes.count), length > 0 else {
            return .failure(.malformed)
        }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 32 << 10)
        // unsafe: the stream points into `input` and `chunk` only while both are lent below, and is
        // released by inflateEnd on every path.
        var stream = unsafe z_stream()
        guard unsafe postern_inflate_init(&stream, windowBits) == Z_OK else {
            return .failure(.malformed)
        }
        defer { unsafe inflateEnd(&stream) }
        var input = bytes
        return unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe stream.next_in = source.baseAddress
            unsafe stream.avail_in = length
            while true {
                let (status, count) = unsafe chunk.withUnsafeMutableBufferPointer { target in
                    unsafe stream.next_out = target.baseAddress
                    unsafe stream.avail_out = UInt32(target.count)
                    let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
                    return unsafe (status, target.count - Int(stream.avail_out))
                }
                guard output.count + count <= maximum else { return .failure(.tooLarge) }
                output.append(contentsOf: chunk[..<count])
                if status == Z_STREAM_END {
                    return unsafe stream.avail_in == 0 ? .success(output) : .failure(.malformed)
                }
                let rest = unsafe stream.avail_in
                guard status == Z_OK, count > 0 || rest > 0 else {
                    return .failure(.malformed)
                }
            }
        }
    }
}
