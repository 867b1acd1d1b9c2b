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

    /// Members that are the place they are at, and that have a text under every key but one.
    private final class Places: LazyMembers {
        let keys = LazyObject.Keys(["a", "b"])
        let added: JSONObject = ["c": 3]
        var made: [Int] = []

        func member(at place: Int) -> JSONValue? {
            made.append(place)
            return place == 0 ? ["x": "whole", "y": [1, 2]] : .number(JSONNumber(Double(place)))
        }

        func part(_ key: String, ofMemberAt place: Int) -> JSONValue?? {
            if place > 0 { return nil }
            return switch key {
            case "x": .some("part")
            case "y": .some([1, 2])
            case "z": .some(nil)
            default: nil
            }
        }
    }

    @Test func `added members are behind the others`() throws {
        let keys = LazyObject.Keys(["b", "ä"])
        func evaluate(_ text: String, adding added: JSONObject) throws -> String? {
            let input = LazyObject(keys, adding: added) { place in
                .number(JSONNumber(Double(place)))
            }
            return try Expression(text).evaluate(input)?.jsonString
        }
        #expect(try evaluate("$", adding: ["": "c", "1": [3]]) == #"{"1":[3],"b":0,"ä":1,"":"c"}"#)
        #expect(try evaluate("[b, ä, `1`, c]", adding: ["c": 2, "1": 3]) == "[0,1,3,2]")
        #expect(try evaluate("$", adding: [:]) == #"{"b":0,"ä":1}"#)
    }

    private static let lookups: [(text: String, expected: String?, made: [Int])] = [
        ("a.x", #""part""#, []),
        ("$.a.x", #""part""#, []),
        ("a.y", "[1,2]", [0]),
        ("a.z", nil, []),
        ("a.u", nil, [0]),
        ("b.x", nil, [1]),
        ("c.x", nil, []),
        ("c", "3", []),
        ("a.x.u", nil, []),
        ("a.x & a", #""part{\"x\":\"whole\",\"y\":[1,2]}""#, [0]),
        ("$string(a) & a.x", #""{\"x\":\"whole\",\"y\":[1,2]}whole""#, [0]),
        ("a[0].x", #""whole""#, [0]),
    ]

    @Test(arguments: lookups)
    func `a name in a member is looked up without making it`(
        text: String, expected: String?, made: [Int]
    ) throws {
        let places = Places()
        let input = LazyObject(places)
        #expect(try Expression(text).evaluate(input)?.jsonString == expected)
        #expect(places.made == made)
    }

    @Test func `a member of which many parts are asked for is made`() throws {
        let places = Places()
        let input = LazyObject(places)
        let text = try Expression("$join([1..1000].($$.a.x))").evaluate(input)?.stringValue
        #expect(text?.hasPrefix("partpart") == true)
        #expect(text?.hasSuffix("wholewhole") == true)
        #expect(places.made == [0])
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
