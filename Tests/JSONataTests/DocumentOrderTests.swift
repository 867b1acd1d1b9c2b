import JSON
import JSONata
import Testing

/// Members of received objects are listed in ECMAScript's order: the tape's own order is a shortcut
/// that holds for most objects only.
struct DocumentOrderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let expression: String
        let expected: String

        var testDescription: String { "\(name): \(expression)" }
    }

    static let objects: [(name: String, text: String, values: String)] = [
        ("plain keys", #"{"a":1,"b":{"c":2},"d":[3,[4]]}"#, #"["a","b","d"]"#),
        (
            "keys alike in length and at both ends", #"{"followers_url":1,"following_url":2}"#,
            #"["followers_url","following_url"]"#
        ),
        ("a repeated key", #"{"a":1,"b":2,"a":3}"#, #"["a","b"]"#),
        ("keys that are array indexes", #"{"b":1,"10":2,"9":3,"a":4}"#, #"["9","10","b","a"]"#),
        ("a key with an escape", #"{"b":1,"\u0031":2}"#, #"["1","b"]"#),
        ("two spellings of one key", #"{"a":1,"\u0061":2}"#, #""a""#),
        ("an empty key", #"{"":1,"a":2}"#, #"["","a"]"#),
    ]

    @Test(arguments: objects.indices)
    func `keys come in ECMAScript's order`(_ place: Int) throws {
        let object = Self.objects[place]
        let document = try JSONValue(parsing: Array(object.text.utf8))
        let result = try Expression("$keys($)").evaluate(document)
        #expect(result == (try JSONValue(parsing: Array(object.values.utf8))), "\(object.name)")
    }

    static let descendants: [Case] = [
        Case(
            name: "nested", text: #"{"a":1,"b":{"c":2},"d":[3,[4]]}"#,
            expression: "**[$type($)='number']",
            expected: "[1,2,3,4]"),
        Case(
            name: "a repeated key", text: #"{"a":1,"b":2,"a":3}"#,
            expression: "**[$type($)='number']",
            expected: "[3,2]"),
        Case(
            name: "indexes inside", text: #"{"x":{"b":1,"2":2,"1":3}}"#,
            expression: "**[$type($)='number']",
            expected: "[3,2,1]"),
        Case(
            name: "empty containers", text: #"{"a":{},"b":[],"c":[[],{}],"d":5}"#,
            expression: "$count(**)", expected: "4"),
        Case(name: "a single value", text: "7", expression: "**", expected: "7"),
        Case(
            name: "an escaped key", text: #"{"b":1,"\u0030":2}"#,
            expression: "**[$type($)='number']",
            expected: "[2,1]"),
        Case(
            name: "wildcard", text: #"{"b":1,"2":2,"1":3,"b":4}"#, expression: "*",
            expected: "[3,2,4]"),
        Case(
            name: "merge", text: #"{"b":1,"a":2,"b":4}"#,
            expression: "$string($merge([$, {'c':5}]))",
            expected: #""{\"b\":4,\"a\":2,\"c\":5}""#),
    ]

    @Test(arguments: descendants)
    func `values come in the order of their keys`(_ item: Case) throws {
        let document = try JSONValue(parsing: Array(item.text.utf8))
        let result = try Expression(item.expression).evaluate(document)
        #expect(result == (try JSONValue(parsing: Array(item.expected.utf8))))
    }

    /// What JSONata 2.2.2 gives.
    static let names: [(text: String, expression: String, expected: String?)] = [
        (
            #"{"a":{"n":1},"b":[{"n":2},{"n":[3,4]},{"c":{"n":5}}],"n":6}"#, "**.n",
            #"[6,1,2,3,4,5]"#
        ),
        (
            #"{"a":{"n":1},"b":[{"n":2},{"n":[3,4]},{"c":{"n":5}}],"n":6}"#, "**.n[0]",
            #"[6,1,2,3,5]"#
        ),
        (
            #"{"a":{"n":1},"b":[{"n":2},{"n":[3,4]},{"c":{"n":5}}],"n":6}"#, "**.n[]",
            #"[6,1,2,3,4,5]"#
        ),
        (#"{"a":{"n":1},"b":[{"n":2},{"n":[3,4]},{"c":{"n":5}}],"n":6}"#, "$count(**.n)", #"6"#),
        (#"{"a":{"n":1},"b":[{"n":2},{"n":[3,4]},{"c":{"n":5}}],"n":6}"#, "**.n.n", nil),
        (#"{"n":[{"n":7}]}"#, "**.n", #"[{"n":7},7]"#),
        (#"{"n":[{"n":7}]}"#, "**.n[0]", #"[{"n":7},7]"#),
        (#"{"n":[{"n":7}]}"#, "**.n[]", #"[{"n":7},7]"#),
        (#"{"n":[{"n":7}]}"#, "$count(**.n)", #"2"#),
        (#"{"n":[{"n":7}]}"#, "**.n.n", #"7"#),
        (#"{"n":[[1,2]]}"#, "**.n", #"[[1,2]]"#),
        (#"{"n":[[1,2]]}"#, "**.n[0]", #"[1,2]"#),
        (#"{"n":[[1,2]]}"#, "**.n[]", #"[[1,2]]"#),
        (#"{"n":[[1,2]]}"#, "$count(**.n)", #"1"#),
        (#"{"n":[[1,2]]}"#, "**.n.n", nil),
        (#"{"x":{"n":[8]}}"#, "**.n", #"[8]"#),
        (#"{"x":{"n":[8]}}"#, "**.n[0]", #"8"#),
        (#"{"x":{"n":[8]}}"#, "**.n[]", #"[8]"#),
        (#"{"x":{"n":[8]}}"#, "$count(**.n)", #"1"#),
        (#"{"x":{"n":[8]}}"#, "**.n.n", nil),
        (#"{"b":{"n":1},"1":{"n":2}}"#, "**.n", #"[2,1]"#),
        (#"{"b":{"n":1},"1":{"n":2}}"#, "**.n[0]", #"[2,1]"#),
        (#"{"b":{"n":1},"1":{"n":2}}"#, "**.n[]", #"[2,1]"#),
        (#"{"b":{"n":1},"1":{"n":2}}"#, "$count(**.n)", #"2"#),
        (#"{"b":{"n":1},"1":{"n":2}}"#, "**.n.n", nil),
        (#"{"a":1}"#, "**.n", nil),
        (#"{"a":1}"#, "**.n[0]", nil),
        (#"{"a":1}"#, "**.n[]", nil),
        (#"{"a":1}"#, "$count(**.n)", #"0"#),
        (#"{"a":1}"#, "**.n.n", nil),
    ]

    @Test(arguments: names.indices)
    func `a name is looked up in all descendants`(_ place: Int) throws {
        let item = Self.names[place]
        let result = try Expression(item.expression).evaluate(json: Array(item.text.utf8))
        #expect(result.map { String(decoding: $0, as: UTF8.self) } == item.expected, "\(item)")
    }

    @Test(arguments: [128, 129])
    func `an object at the shortcut's limit and one beyond it are listed alike`(_ count: Int) throws
    {
        let members = (0..<count).map { "\"key\($0)x\":\($0)" }.joined(separator: ",")
        let document = try JSONValue(parsing: Array("{\(members)}".utf8))
        let sum = try Expression("$sum(**[$type($)='number'])").evaluate(document)
        #expect(sum == .number(JSONNumber(Double(count * (count - 1) / 2))))
        let last = try Expression("$keys($)[-1]").evaluate(document)
        #expect(last == .string("key\(count - 1)x"))
    }
}
