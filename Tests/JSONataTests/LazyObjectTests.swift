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

    @Test func `keys added to prepared ones are at the places behind them`() throws {
        var keys = LazyObject.Keys(["b", "ä"])
        let before = keys
        keys.append([])
        keys.append(["", "1"])
        #expect(keys.names == ["b", "ä", "", "1"])
        func evaluate(_ text: String, _ keys: LazyObject.Keys) throws -> String? {
            let input = LazyObject(keys) { place in .number(JSONNumber(Double(place))) }
            return try Expression(text).evaluate(input)?.jsonString
        }
        #expect(try evaluate("$", keys) == #"{"1":3,"b":0,"ä":1,"":2}"#)
        #expect(try evaluate("[b, ä, `1`]", keys) == "[0,1,3]")
        #expect(try evaluate("$", before) == #"{"b":0,"ä":1}"#)
    }

    @Test func `members of one evaluation are not those of the next`() throws {
        let expression = try Expression("[a, b]")
        for value in [1.0, 2.0] {
            let input = LazyObject(["a", "b"]) { place in
                place == 0 ? .number(JSONNumber(value)) : nil
            }
            #expect(try expression.evaluate(input)?.jsonString == "[\(Int(value))]")
        }
        #expect(try expression.evaluate(["b": 3])?.jsonString == "[3]")
    }
}
