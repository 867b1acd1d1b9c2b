import JSON
import JSONata
import Testing

@testable import Webhooks

/// Truto's functions as expressions call them. Expected hashes were computed with openssl and Python's
/// hashlib, not copied.
struct TrutoFunctionTests {
    static func result(
        _ source: String, input: String = "null", replacing: Bool = false
    ) throws -> String {
        let expression = try Expression(
            source, functions: TrutoFunctions.all(replacing: replacing))
        let value = try expression.evaluate(
            try JSONValue(parsing: Array(input.utf8)),
            environment: EvaluationEnvironment(nowMilliseconds: 1_709_210_096_789))
        return value?.jsonString ?? "undefined"
    }

    static func code(_ source: String) -> String {
        do {
            return try result(source)
        } catch {
            return (error as? JSONataError)?.code ?? "\(error)"
        }
    }

    @Test func `each function is there under its name`() throws {
        let names = [
            "base64decode", "base64encode", "digest", "sign", "uuid", "jsonParse", "parseQuery",
            "stringifyQuery", "parseUrl", "firstNonEmpty", "removeEmpty", "removeEmptyItems",
            "mapValues", "toNumber", "xmlToJs", "jsToXml", "dtFromIso", "dtFromFormat", "groupBy",
            "keyBy", "pick", "omit", "compact", "orderBy", "find", "lofilter", "values", "chunk",
            "difference", "flatten", "flattenDeep", "flattenDepth", "wrap", "join", "each", "sift",
        ]
        for name in names {
            #expect(
                try Self.result("$type($\(name))", replacing: true) == "\"function\"", "\(name)")
        }
    }

    @Test(
        arguments: [
            (
                "$digest('Hello World', 'SHA-256', 'hex')",
                "a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e"
            ),
            (
                "$digest('Hello World')",
                "a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e"
            ),
            (
                "$digest('Hello World', 'SHA-256', 'base64')",
                "pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4="
            ),
            (
                "$digest('Hello World', 'SHA-256', 'base64-urlSafe')",
                "pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4"
            ), ("$digest('42', 'MD5')", "a1d0c6e83f027327d8461063f4ac58a6"),
            ("$digest('42', 'MD5', 'base64')", "odDG6D8CcyfYRhBj9KxYpg=="),
            ("$digest('é', 'SHA-1')", "bf15be717ac1b080b4f1c456692825891ff5073d"),
            (
                "$sign('The quick brown fox jumps over the lazy dog', 'SHA-256', 'key')",
                "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
            ),
            (
                "$sign('The quick brown fox jumps over the lazy dog', 'sha-1', 'key', 'base64')",
                "3nybhbi3iqa8ino29wqQcBydtNk="
            ),
            ("$base64encode('日本?>')", "5pel5pysPz4="),
            ("$base64encode('日本?>', true)", "5pel5pysPz4"),
            ("$base64decode('5pel5pysPz4', true)", "日本?>"), ("$base64decode('YWI=')", "ab"),
            ("$wrap('a', '<', '>')", "<a>"), ("$wrap('a', '|')", "|a|"),
        ])
    func `a text function gives this text`(source: String, text: String) throws {
        #expect(try Self.result(source) == JSONValue.string(text).jsonString)
    }

    @Test(
        arguments: [
            ("$digest('a', 'SHA-256', 'no')", "undefined"),
            ("$jsonParse('{\"a\":[1]}')", #"{"a":[1]}"#), ("$jsonParse('{')", "null"),
            ("$firstNonEmpty(null, nothing, '', 1)", "\"\""), ("$firstNonEmpty(null)", "undefined"),
            ("$removeEmpty([])", "undefined"), ("$removeEmpty([0])", "[0]"),
            ("$removeEmptyItems([0, '', null, [], {}, [1], 'a'])", #"[[1],"a"]"#),
            ("$removeEmptyItems(5)", "5"),
            ("$mapValues('Yes', {'YES': true})", "true"),
            ("$mapValues(['a', 2, 'x'], {'A': 1, '2': 'two'})", #"[1,"two","x"]"#),
            ("$mapValues({'k': 'a'}, {'a': null})", #"{"k":"a"}"#),
            ("$mapValues(null, {'a': 1}, false, 'd')", "\"d\""),
            ("$mapValues(null, {'a': 1})", "null"),
            ("$mapValues('a', null)", "\"a\""),
            ("$toNumber('')", "0"), ("$toNumber(' 12 ')", "12"), ("$toNumber('0x1F')", "31"),
            ("$toNumber('0b11')", "3"), ("$toNumber('1e3')", "1000"), ("$toNumber(null)", "0"),
            ("$toNumber(true)", "1"),
            ("$toNumber('12px')", "null"), ("$toNumber('inf')", "null"),
            ("$pick({'a': 1, 'b': 2}, ['b', 'c'])", #"{"b":2}"#),
            ("$omit({'a': 1, 'b': 2}, 'b')", #"{"a":1}"#),
            ("$values({'a': 1, 'b': [2]})", "[1,[2]]"), ("$values([1, 2])", "[1,2]"),
            (
                "$groupBy([{'t': 'x', 'n': 1}, {'t': 'y'}, {'t': 'x', 'n': 2}], 't')",
                #"{"x":[{"t":"x","n":1},{"t":"x","n":2}],"y":[{"t":"y"}]}"#
            ),
            ("$keyBy([{'a': {'b': 'k'}}], 'a.b')", #"{"k":{"a":{"b":"k"}}}"#),
            ("$compact([0, 1, false, '', 'a', null])", #"[1,"a"]"#),
            ("$chunk([1, 2, 3], 2)", "[[1,2],[3]]"), ("$chunk([1, 2, 3], 0)", "[]"),
            ("$difference([1, 2, 3, '1'], [2, 3])", #"[1,"1"]"#),
            ("$flatten([1, [2, [3]]])", "[1,2,[3]]"),
            ("$flattenDeep([1, [2, [3, [4]]]])", "[1,2,3,4]"),
            ("$flattenDepth([1, [2, [3, [4]]]], 2)", "[1,2,3,[4]]"),
            (
                "$orderBy([{'a': 1, 'b': 1}, {'a': 2, 'b': 1}, {'a': 1, 'b': 2}], ['a', 'b'], ['desc', 'asc'])",
                #"[{"a":2,"b":1},{"a":1,"b":1},{"a":1,"b":2}]"#
            ),
            ("$find([{'a': 1}, {'a': 2}], {'a': 2})", #"{"a":2}"#),
            ("$find([{'a': 0}, {'a': 2}], 'a')", #"{"a":2}"#),
            ("$find([{'a': 1}, {'a': 2}], ['a', 2])", #"{"a":2}"#),
            ("$find([1, 5, 9], function($v){$v > 2})", "5"),
            ("$lofilter([1, 5, 9], function($v, $i){$i > 0})", "[5,9]"),
            ("$find([1], function($v){false})", "undefined"),
        ])
    func `a function of values gives this`(source: String, result: String) throws {
        let actual = try Self.result(source)
        #expect(actual == result, "\(actual)")
    }

    @Test(
        arguments: [
            ("$join([1, 'a', null])", "\"1,a,\""), ("$join(['a', 'b'], '')", "\"ab\""),
            ("$each(null, function($v){$v})", "undefined"),
            ("$each({'a': 1}, function($v, $k){$k & $v})", "\"a1\""),
            ("$each({'a': 1, 'b': 2}, function($v, $k, $o){$count($keys($o))})", "[2,2]"),
            ("$sift({'a': 1, 'b': 0}, function($v){$v})", #"{"a":1}"#),
            ("$sift(5, function($v){$v})", "undefined"),
        ])
    func `Truto's own join, each and sift replace JSONata's when asked for`(
        source: String, result: String
    ) throws {
        #expect(try Self.result(source, replacing: true) == result)
    }

    @Test(
        arguments: [
            ("a=1&b=2", #"{"a":"1","b":"2"}"#), ("?a=1", #"{"a":"1"}"#), ("", "{}"),
            ("a=1&a=2", #"{"a":["1","2"]}"#), ("a[]=1&a[]=2", #"{"a":["1","2"]}"#),
            ("a[b][c]=1&a[b][d]=2", #"{"a":{"b":{"c":"1","d":"2"}}}"#),
            ("a[1]=y&a[0]=x", #"{"a":["x","y"]}"#), ("a[21]=x", #"{"a":{"21":"x"}}"#),
            ("a[0][b]=1&a[1][b]=2", #"{"a":[{"b":"1"},{"b":"2"}]}"#),
            ("a%5Bb%5D=c+d%20e", #"{"a":{"b":"c d e"}}"#), ("a=%zz&b", #"{"a":"%zz","b":""}"#),
            ("a[b][c][d][e][f][g][h]=x", #"{"a":{"b":{"c":{"d":{"e":{"f":{"[g][h]":"x"}}}}}}}"#),
        ])
    func `a query string is read as qs reads it`(query: String, result: String) throws {
        #expect(
            try Self.result("$parseQuery($)", input: JSONValue.string(query).jsonString) == result)
    }

    @Test func `a query string holds a thousand parameters and no more`() throws {
        let query = (0...1000).map { "p\($0)=" }.joined(separator: "&")
        let count = try Self.result("$count($keys($parseQuery($)))", input: "\"\(query)\"")
        #expect(count == "1000")
    }

    @Test(
        arguments: [
            ("{'a': 1, 'b': 'x y&é'}", "a=1&b=x%20y%26%C3%A9"),
            ("{'a': {'b': [1, null]}}", "a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D="),
            ("{'a': [1, 2]}, {'arrayFormat': 'repeat'}", "a=1&a=2"),
            ("{'a': [1]}, {'arrayFormat': 'brackets', 'addQueryPrefix': true}", "?a%5B%5D=1"),
        ])
    func `a query string is written as qs writes it`(arguments: String, query: String) throws {
        #expect(try Self.result("$stringifyQuery(\(arguments))") == "\"\(query)\"")
    }
}
