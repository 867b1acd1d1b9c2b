/// The grammar of request targets and hosts (RFC 9112 §3.2, RFC 3986 §3.2).
enum HTTPTarget {
    /// Where the path and, if there is one, the query lie in a target.
    struct Parts: Sendable {
        let path: Range<Int>
        let query: Int?
    }

    /// Origin-form, absolute-form of http or https, and `*` for OPTIONS alone. A receiver is no proxy:
    /// CONNECT, with its authority-form, is refused. A fragment is never sent.
    static func check(
        _ input: Span<UInt8>, _ target: Range<Int>, method: String
    ) throws(HTTPFailure) {
        let text = input.extracting(target)
        guard text.firstIndex(of: UInt8(ascii: "#"), from: 0) == nil else {
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

    /// RFC 9112 §3.2: origin-form as it is, absolute-form without scheme and authority.
    static func split(_ target: Span<UInt8>) -> Parts {
        var start = 0
        if target.isEmpty || target[0] != UInt8(ascii: "/") { start = endOfAuthority(target) }
        guard let mark = target.firstIndex(of: UInt8(ascii: "?"), from: start) else {
            return Parts(path: start..<target.count, query: nil)
        }
        return Parts(path: start..<mark, query: mark + 1)
    }

    /// Where the authority of `scheme://authority/path` ends; 0 for what has none.
    private static func endOfAuthority(_ target: Span<UInt8>) -> Int {
        var place = 0
        while place < target.count, target[place] != UInt8(ascii: ":") { place += 1 }
        guard place + 2 < target.count, target[place + 1] == UInt8(ascii: "/"),
            target[place + 2] == UInt8(ascii: "/")
        else { return 0 }
        place += 3
        while place < target.count, target[place] != UInt8(ascii: "/"),
            target[place] != UInt8(ascii: "?")
        {
            place += 1
        }
        return place
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
            guard index < end, input[index] == UInt8(ascii: "]"),
                NumericAddress.ipv6(HTTPHeadParser.text(input, start..<index)) != nil
            else { return false }
            index += 1
        } else {
            while index < end {
                let byte = input[index]
                guard HTTPCharacters.isRegisteredName(byte) else { break }
                if byte == UInt8(ascii: "%") {
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
            port = port &* 10 &+ Int(digit)
            guard port <= 65_535 else { return false }
        }
        return true
    }

    /// Hexadecimal digits, colons and dots: what IPv6 addresses are made of. IPvFuture has no user, and
    /// a zone means nothing to another machine.
    private static func isLiteral(_ byte: UInt8) -> Bool {
        HTTPCharacters.hexDigit(byte) != nil || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: ".")
    }
}
