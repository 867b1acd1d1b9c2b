/// Reads the header with which a proxy begins a connection to say whose it is (HAProxy's "The PROXY
/// protocol", versions 1 and 2). Strict: anything else is an error, at the first byte that differs.
struct ProxyHeaderParser {
    /// What is wrong, for the log.
    struct Malformed: Error, Equatable {
        let reason: String
    }

    /// The end of a header.
    enum Result: Equatable {
        case needMore
        /// The client's address; nil when the header names none (LOCAL, UNKNOWN, or no IP address): then
        /// the connection is its peer's own.
        case done(address: String?)
    }

    /// §2.1: the longest line of version 1, its line end included.
    static let lineBytesMax = 107
    private static let keyword = Array("PROXY ".utf8)
    /// §2.2.
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// What has come; of version 2 only as far as the addresses reach.
    private var header: [UInt8] = []
    /// Bytes of version 2 that are passed over: TLVs, and addresses of other families.
    private var skipped = 0
    private var address: String?
    private var isSkipping = false

    /// Reads on.
    ///
    /// - Parameter consumed: where to begin in `input`; moved behind what was read.
    mutating func next(
        _ input: Span<UInt8>, consumed: inout Int
    ) throws(Malformed) -> Result {
        while consumed < input.count {
            if isSkipping {
                let count = min(skipped, input.count - consumed)
                skipped -= count
                consumed += count
                if skipped == 0 { return .done(address: address) }
                continue
            }
            header.append(input[consumed])
            consumed += 1
            if let done = header[0] == Self.keyword[0] ? try readLine() : try readBinary() {
                return done
            }
        }
        return .needMore
    }

    // MARK: Version 1

    private mutating func readLine() throws(Malformed) -> Result? {
        let count = header.count
        if count <= Self.keyword.count {
            guard header[count - 1] == Self.keyword[count - 1] else {
                throw Malformed(reason: "no PROXY header")
            }
            return nil
        }
        if header[count - 1] == UInt8(ascii: "\n") {
            guard header[count - 2] == UInt8(ascii: "\r") else {
                throw Malformed(reason: "a PROXY line that does not end with CR LF")
            }
            return .done(address: try Self.address(ofLine: header[6..<(count - 2)]))
        }
        guard header[count - 2] != UInt8(ascii: "\r") else {
            throw Malformed(reason: "a CR within a PROXY line")
        }
        guard count < Self.lineBytesMax else {
            throw Malformed(reason: "a PROXY line of more than \(Self.lineBytesMax) bytes")
        }
        return nil
    }

    /// `TCP4 SOURCE DESTINATION PORT PORT`, TCP6 likewise, or `UNKNOWN` and whatever follows it.
    private static func address(ofLine line: ArraySlice<UInt8>) throws(Malformed) -> String? {
        let wrong = Malformed(reason: "a malformed PROXY line")
        guard line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw wrong }
        let words = String(decoding: line, as: UTF8.self)
            .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        if words[0] == "UNKNOWN" { return nil }
        guard words.count == 5, isPort(words[3]), isPort(words[4]) else { throw wrong }
        let addresses =
            switch words[0] {
            case "TCP4": words[1...2].map(NumericAddress.ipv4)
            case "TCP6": words[1...2].map(NumericAddress.ipv6)
            default: throw wrong
            }
        guard let source = addresses[0], addresses[1] != nil else { throw wrong }
        return NumericAddress.text(source)
    }

    /// 0 to 65535 without leading zeros.
    private static func isPort(_ text: String) -> Bool {
        text.utf8.first != UInt8(ascii: "+") && UInt16(text).map(String.init) == text
    }

    // MARK: Version 2

    private mutating func readBinary() throws(Malformed) -> Result? {
        let count = header.count
        switch count {
        case 1...12:
            guard header[count - 1] == Self.signature[count - 1] else {
                throw Malformed(reason: "no PROXY header")
            }
            return nil
        case 13:
            // Version 2, and LOCAL or PROXY.
            guard header[12] == 0x20 || header[12] == 0x21 else {
                throw Malformed(reason: "a PROXY version or command that is not known")
            }
            return nil
        case 14:
            // Unspecified, IPv4, IPv6, local; unspecified, stream, datagram.
            guard header[13] >> 4 <= 3, header[13] & 0xF <= 2 else {
                throw Malformed(reason: "a PROXY family that is not known")
            }
            return nil
        case 15: return nil
        default: return try readAddresses(length: Int(header[14]) << 8 | Int(header[15]))
        }
    }

    /// Behind the 16 fixed bytes: source and destination address and their ports, then TLVs.
    private mutating func readAddresses(length: Int) throws(Malformed) -> Result? {
        let size: Int
        switch (header[12], header[13]) {
        case (0x21, 0x11): size = 4
        case (0x21, 0x21): size = 16
        default: size = 0
        }
        let wanted = size == 0 ? 0 : 2 * size + 4
        guard length >= wanted else {
            throw Malformed(reason: "a PROXY header that is too short for its addresses")
        }
        guard header.count >= 16 + wanted else { return nil }
        if size > 0 { address = NumericAddress.text(Array(header[16..<(16 + size)])) }
        skipped = length - wanted
        isSkipping = true
        return skipped == 0 ? .done(address: address) : nil
    }
}
