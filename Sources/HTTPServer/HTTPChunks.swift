/// Chunk framing (RFC 9112 §7.1).
enum HTTPChunks {
    /// The size of the chunk that the line announces; extensions are checked and ignored.
    ///
    /// `chunk-size [ BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ]*`. White space before
    /// the semicolon is refused: it is "bad white space", and servers that disagree on it disagree on
    /// where the message ends.
    ///
    /// - Returns: the size, and how many bytes of the line were extensions.
    static func size(
        _ input: Span<UInt8>, _ line: Range<Int>
    ) throws(HTTPFailure) -> (size: Int, extensionBytes: Int) {
        var index = line.lowerBound
        var size = 0
        while index < line.upperBound, let digit = HTTPCharacters.hexDigit(input[index]) {
            guard size <= Int.max >> 8 else {
                throw HTTPFailure(413, "chunk too large", limit: "body_bytes_max")
            }
            size = size << 4 | digit
            index += 1
        }
        // Sixteen digits are the largest 64-bit number; more are leading zeros sent to no good end.
        guard index > line.lowerBound, index - line.lowerBound <= 16 else {
            throw HTTPFailure(400, "malformed chunk size")
        }
        let digitsEnd = index
        while index < line.upperBound {
            guard input[index] == UInt8(ascii: ";") else {
                throw HTTPFailure(400, "malformed chunk size")
            }
            index = try skipExtension(input, index + 1, line.upperBound)
        }
        return (size, line.upperBound - digitsEnd)
    }

    private static func skipExtension(
        _ input: Span<UInt8>, _ start: Int, _ end: Int
    ) throws(HTTPFailure) -> Int {
        var index = start
        while index < end, HTTPCharacters.isToken(input[index]) { index += 1 }
        guard index > start else { throw HTTPFailure(400, "malformed chunk extension") }
        guard index < end, input[index] == UInt8(ascii: "=") else { return index }
        index += 1
        guard index < end else { throw HTTPFailure(400, "malformed chunk extension") }
        if input[index] == UInt8(ascii: "\"") {
            index += 1
            while index < end, input[index] != UInt8(ascii: "\"") {
                if input[index] == UInt8(ascii: "\\") { index += 1 }
                guard index < end, HTTPCharacters.isFieldValue(input[index]) else {
                    throw HTTPFailure(400, "malformed chunk extension")
                }
                index += 1
            }
            guard index < end else { throw HTTPFailure(400, "malformed chunk extension") }
            return index + 1
        }
        let valueStart = index
        while index < end, HTTPCharacters.isToken(input[index]) { index += 1 }
        guard index > valueStart else { throw HTTPFailure(400, "malformed chunk extension") }
        return index
    }
}
