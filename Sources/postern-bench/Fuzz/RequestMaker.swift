import JSON
import Receiver

/// Requests that are nearly right: known ones, cut, mixed and overwritten.
struct RequestMaker {
    private var random: SplitMix
    private let corpus: [[UInt8]]

    private static let tokens: [[UInt8]] = [
        "\r\n", "\n", "\r", "\r\r\n", " ", "\t", ":", ",", ";", "Content-Length: 3\r\n",
        "Content-Length: 03\r\n", "Content-Length : 3\r\n", "content-length:\t3 \r\n",
        "Content-Length: 3, 3\r\n", "Content-Length: 3\r\n 4\r\n", "Content_Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding:\u{b}chunked\r\n",
        "Transfer-Encoding: \"chunked\"\r\n", "Transfer-Encoding\r\n : chunked\r\n",
        "Host: a\r\n", "Host: a, b\r\n", "Host: [::1]:80\r\n", "0\r\n\r\n", "3\r\nabc\r\n",
        "0003\r\nabc\r\n", "3;a\r\nabc\r\n", ";a=\"b\\\"c\"", "0\r\nX: y\r\n\r\n", "HTTP/1.1",
        "HTTP/1.0", "HTTP/1.2", "GET / ", "POST /a HTTP/1.1\r\nHost: a\r\n", "\u{0}", "\u{7f}",
        "ffffffffffffffff", "7fffffffffffffff", "-1", "+3", "0x3", "Connection: close\r\n",
        "Expect: 100-continue\r\n", "Upgrade: h2c\r\n", "http://b/", "//b/", "/../", "%00",
        "\u{e4}", "GET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    ].map { Array($0.utf8) }

    /// - Parameter corpus: requests to begin with; none begins with the tokens alone.
    init(random: SplitMix, corpus: [[UInt8]]) {
        self.random = random
        self.corpus = corpus
    }

    /// A request, and where to cut it.
    mutating func next() -> (bytes: [UInt8], cuts: [Int]) {
        var bytes = known()
        // Two of them on one connection.
        if random.oneIn(3) { bytes += known() }
        for _ in 0..<random.below(5) { mutate(&bytes) }
        let cuts = (0..<random.below(6)).map { _ in random.below(bytes.count + 1) }
        return (bytes, cuts.sorted())
    }

    /// A known request, mostly with the Host that not all of them have: without it nothing is read.
    private mutating func known() -> [UInt8] {
        var bytes = random.pick(corpus, or: [])
        guard !random.oneIn(4), let end = bytes.firstIndex(of: 0x0A) else { return bytes }
        let hosts = bytes.indices.filter { bytes[$0...].starts(with: Self.hostName) }
        if hosts.isEmpty { bytes.insert(contentsOf: Self.host, at: end + 1) }
        return bytes
    }

    private static let hostName = Array("\r\nHost:".utf8)
    private static let host = Array("Host: a\r\n".utf8)

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = random.below(bytes.count + 1)
        let end = min(bytes.count, place + random.below(24))
        switch random.below(7) {
        case 0 where place < bytes.count: bytes[place] = UInt8(random.below(256))
        case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
        case 3: bytes.removeSubrange(place..<end)
        case 4:
            let other = random.pick(corpus, or: [])
            let from = random.below(other.count + 1)
            let part = other[from..<min(other.count, from + random.below(60))]
            bytes.replaceSubrange(place..<end, with: part)
        default: bytes.insert(contentsOf: random.pick(Self.tokens, or: []), at: place)
        }
    }

    /// The requests of a file: the `input` members of a JSON array, or the blocks marked `http` of a
    /// Markdown file, where `\r`, `\n`, `\t` and `\f` stand for characters and a `\` at the end of a
    /// line joins it with the next.
    static func requests(in file: String) throws -> [[UInt8]] {
        let bytes = try FileSystem.read(file)
        if file.hasSuffix(".json") {
            return (try JSONValue(parsing: bytes).arrayValue ?? []).compactMap {
                ($0["input"]?.stringValue).map { Array($0.utf8) }
            }
        }
        var requests: [[UInt8]] = []
        var lines: [Substring]?
        for line in String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        {
            if line.hasPrefix("```") {
                if let found = lines { requests.append(request(found)) }
                lines = line == "```http" ? [] : nil
            } else {
                lines?.append(line)
            }
        }
        return requests
    }

    private static func request(_ lines: [Substring]) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines {
            var rest = Array(line.utf8)[...]
            var isJoined = false
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "\\") else {
                    bytes.append(byte)
                    continue
                }
                switch rest.popFirst() {
                case UInt8(ascii: "r"): bytes.append(0x0D)
                case UInt8(ascii: "n"): bytes.append(0x0A)
                case UInt8(ascii: "t"): bytes.append(0x09)
                case UInt8(ascii: "f"): bytes.append(0x0C)
                case let other?: bytes += [byte, other]
                case nil: isJoined = true
                }
            }
            if !isJoined { bytes += [0x0D, 0x0A] }
        }
        return bytes
    }
}
