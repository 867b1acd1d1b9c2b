import JSON

/// Random JSON: small values whose keys are those that `ExpressionMaker` asks for.
struct JSONMaker {
    var random: SplitMix

    static let keys = ["a", "b", "c", "d", "id", "items", "name", "price", "type", "1", "0", "é"]
    static let texts = [
        "", "a", "b", "abc", "1", "-1", "1e3", "0x1F", "aaaaaaaaaaaaaaaaaaaaaaaaaab", "a,b,c",
        "2024-02-29T12:34:56.789Z", "Thu, 01 Jan 1970", "e\u{301}", "é", "😀x", "\u{0}", "$1$&$$",
        "YWJj", "a%20b", "{\"a\":[1,2]}", "II", "twelve", "[", "(", "\\",
    ]
    static let numbers: [Double] = [
        0, -0.0, 1, 2, 3, -1, 10, 0.1, 0.5, 1.5, 2.5, 100, 255, 1e10, 1e20, 1e21, 1e-7, 1e308,
        -1e308, 1e-300, 9_007_199_254_740_991, 4_294_967_296, 1_700_000_000_000, 123_456.789,
    ]

    /// A value nested at most `depth` deep.
    mutating func value(_ depth: Int) -> JSONValue {
        switch random.below(depth > 0 ? 10 : 6) {
        case 0: return .null
        case 1: return .bool(random.oneIn(2))
        case 2, 3: return .number(JSONNumber(random.pick(Self.numbers, or: 0)))
        case 4, 5: return .string(random.pick(Self.texts))
        case 6, 7:
            var elements: [JSONValue] = []
            for _ in 0..<random.below(5) { elements.append(value(depth - 1)) }
            return .array(elements)
        default:
            var members: [JSONObject.Member] = []
            for key in Self.keys where random.oneIn(3) { members.append((key, value(depth - 1))) }
            return .object(JSONObject(distinct: members))
        }
    }

    /// The text of a document: most of them small, some nested as deep as the parser lets them.
    mutating func text() -> [UInt8] {
        guard random.oneIn(50) else { return value(4).serialized() }
        let depth = random.pick([100, 400, 1000, 3000], or: 100)
        let open = random.pick(["[", "{\"a\":", "[{\"a\":", "{\"a\":[1,"])
        let close = String(
            open.reversed().compactMap { $0 == "[" ? "]" : $0 == "{" ? "}" : nil })
        let inner = value(2).jsonString
        return Array(
            (String(repeating: open, count: depth) + inner
                + String(repeating: close, count: depth)).utf8)
    }
}
