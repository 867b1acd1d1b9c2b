/// The grammar of request targets and hosts (RFC 9112 §3.2, RFC 3986 §3.2).
enum HTTPTarget {
    /// Origin-form, absolute-form of http or https, and `*` for OPTIONS alone. A receiver is no proxy:
    /// CONNECT, with its authority-form, is refused. A fragment is never sent.
    static func check(
        _ input: Span<UInt8>, _ target: Range<Int>, method: String
    ) throws(HTTPFailure) {
        for index in target where input[index] == UInt8(ascii: "#") {
            throw HTTPFailure(400, "fragment in the request target")
        }
        if method == "CONNECT" { throw HTTPFailure(501, "CONNECT") }
        let first = input[target.lowerBound]
        if first == UInt8(ascii: "/") { return }
        if first == UInt8(ascii: "*"), target.count == 1 {
            guard method == "OPTIONS" else { throw HTTPFailure(400, "asterisk-form") }
            return
        }
        guard let start = authorityStart(input, target) else {
            throw HTTPFailure(400, "malformed request target")
        }
        var end = start
        while end < target.upperBound, input[end] != UInt8(ascii: "/"),
            input[end] != UInt8(ascii: "?")
        {
            end += 1
        }
        // RFC 9110 §4.2.1: an http URI with an empty host is invalid.
        guard end > start, isHost(input, start..<end) else {
            throw HTTPFailure(400, "malformed request target")
        }
    }

    /// Where the authority begins after `http://` or `https://` in any spelling.
    private static func authorityStart(_ input: Span<UInt8>, _ target: Range<Int>) -> Int? {
        var index = target.lowerBound
        for (place, expected) in "https".utf8.enumerated() {
            if place == 4, index < target.upperBound, input[index] == UInt8(ascii: ":") { break }
            guard index < target.upperBound, input[index] | 0x20 == expected else { return nil }
            index += 1
        }
        for expected in "://".utf8 {
            guard index < target.upperBound, input[index] == expected else { return nil }
            index += 1
        }
        return index
    }

    /// `uri-host [":" port]`: a registered name, an IPv4 address or an IP literal in brackets, and a
    /// port of digits. No user part, no white space, no list. An empty host is allowed in the Host
    /// field (RFC 9112 §3.2).
    static func isHost(_ input: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        let end = range.upperBound
        if index < end, input[index] == UInt8(ascii: "[") {
            index += 1
            let start = index
            while index < end, isLiteral(input[index]) { index += 1 }
            guard index > start, index < end, input[index] == UInt8(ascii: "]") else {
                return false
            }
            index += 1
        } else {
            while index < end, HTTPCharacters.isRegisteredName(input[index]) {
                if input[index] == UInt8(ascii: "%") {
                    guard index + 2 < end, HTTPCharacters.hexDigit(input[index + 1]) != nil,
                        HTTPCharacters.hexDigit(input[index + 2]) != nil
                    else { return false }
                }
                index += 1
            }
        }
        guard index < end else { return true }
        // A port without a host names nothing.
        guard input[index] == UInt8(ascii: ":"), index > range.lowerBound else { return false }
        var port = 0
        for place in index + 1..<end {
            let digit = input[place] &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            port = port * 10 + Int(digit)
            guard port <= 65_535 else { return false }
        }
        return true
    }

    /// Hexadecimal digits, colons and dots of IPv6; IPvFuture has no user.
    private static func isLiteral(_ byte: UInt8) -> Bool {
        HTTPCharacters.hexDigit(byte) != nil || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: ".")
    }
}
