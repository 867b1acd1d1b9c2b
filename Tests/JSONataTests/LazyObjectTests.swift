import JSON
import JSONata
import Testing

/// Objects whose members are made when they are touched.
struct LazyObjectTests {
    private final class Made {
        var keys: [String] = []
    }

    private func object(_ made: Made, _ values: [(String, JSONValue)]) -> LazyObject {
        LazyObject(values.map(\.0)) { place in
            made.keys.append(values[place].0)
            return values[place].1
        }
    }

    @Test func `a merge into the input gives back its additions and makes nothing else`() throws {
        let made = Made()
        let input = object(made, [("a", 1), ("b", ["c": "x"]), ("d", "y")])
        let expression = try Expression("$merge([$, {'name': b.c}])")
        let changes = try expression.changes(of: input)
        #expect(changes == ["name": "x"])
        #expect(made.keys == ["b"])
    }

    @Test(arguments: [
        ("{'b': b, 'd': d}", "{}"),
        ("{'a': b}", #"{"a":{"c":"x"}}"#),
        ("{'a': 2}", #"{"a":2}"#),
        ("{'e': d}", #"{"e":"y"}"#),
        ("$merge([$, {'d': 'z'}])", #"{"d":"z"}"#),
        ("b", #"{"c":"x"}"#),
        ("'text'", #""text""#),
    ])
    func `a result leaves out what it took over under its own name`(
        text: String, expected: String
    ) throws {
        let input = object(Made(), [("a", 1), ("b", ["c": "x"]), ("d", "y")])
        let changes = try Expression(text).changes(of: input)
        #expect(changes?.jsonString == expected)
    }

    @Test func `keys that look like array indexes come first as in every object`() throws {
        let input = object(Made(), [("b", 1), ("1", 2)])
        #expect(try Expression("$keys($)").evaluate(input)?.jsonString == #"["1","b"]"#)
    }
}
