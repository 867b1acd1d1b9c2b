import Foundation
import JSON
import JSONata
import TestSupport
import Testing

/// The examples in the libraries' documentation compile and give what they say.
struct DocumentationExampleTests {
    @Test func `values, objects and numbers`() throws {
        let event = try JSONValue(parsing: Array(#"{"type": "push", "size": 2}"#.utf8))
        #expect(event["type"]?.stringValue == "push")
        let answer: JSONValue = ["ok": true, "of": event]
        #expect(answer.jsonString == #"{"ok":true,"of":{"type": "push", "size": 2}}"#)

        var object: JSONObject = ["b": 1, "a": 2]
        object["b"] = 3
        #expect(object.keys == ["b", "a"])

        let number = try JSONValue(parsing: Array("1.50".utf8)).numberValue
        #expect(number?.double == 1.5)
        #expect(number?.text == "1.50")
    }

    @Test func `documents, nodes and limits`() throws {
        let document = try JSONDocument(parsing: Array(#"{"a": [1, 2.50]}"#.utf8))
        #expect(document.root["a"]?[1]?.rawBytes.elementsEqual("2.50".utf8) == true)

        let prices = try JSONDocument(parsing: Array(#"{"a": 1, "b": 2}"#.utf8)).root
        var sum = 0.0
        prices.forEachMember { (_, price) in sum += price.doubleValue ?? 0 }
        #expect(sum == 3)

        let flat = JSONLimits(depthMax: 2, bytesMax: 1 << 16)
        let config = try JSONValue(parsing: Array(#"{"a": []}"#.utf8), limits: flat)
        #expect(config == ["a": []])
    }

    @Test func `writing, and what is wrong with a text`() {
        var writer = JSONWriter()
        writer.raw("{\"name\":")
        writer.write("a \"b\"")
        writer.raw("}")
        #expect(writer.bytes == Array(#"{"name":"a \"b\""}"#.utf8))

        var printed = ""
        func print(_ value: Any) { printed = "\(value)" }
        do {
            _ = try JSONValue(parsing: Array("[1,\n x]".utf8))
        } catch {
            print(error)
        }
        #expect(printed == "line 2, column 2: unexpected character")
    }

    @Test func `expressions over values and texts`() throws {
        let body = Array(#"{"items": [{"name": "x", "price": 11}, {"price": 9}]}"#.utf8)
        let document = try JSONDocument(parsing: body)
        let dear = try Expression("items[price > 10].name")
        let names = try dear.evaluate(.node(document.root))
        #expect(names == "x")

        let greeting = try Expression("'Hello ' & name & $mark")
        let text = try greeting.evaluate(["name": "Ada"], bindings: ["mark": "!"])
        #expect(text == "Hello Ada!")

        let total = try Expression("$sum(items.price)").evaluate(json: body)
        #expect(total == Array("20".utf8))
    }

    @Test func `limits, the world and errors`() throws {
        var limits = EvaluationLimits()
        limits.stepsMax = 10_000
        let bounded = try Expression("$sum([1..100000].($ * 2))", limits: limits)
        let error = #expect(throws: JSONataError.self) { try bounded.evaluate(nil) }
        #expect(error?.code == "U1001")

        let world = EvaluationEnvironment(nowMilliseconds: 0)
        let now = try Expression("$now()").evaluate(nil, environment: world)
        #expect(now == "1970-01-01T00:00:00.000Z")

        let source = "a +"
        var printed = ""
        func print(_ text: String) { printed = text }
        do {
            _ = try Expression(source)
        } catch {
            let place = error.location(in: source)
            print("\(place?.line ?? 0):\(place?.column ?? 0): \(error.message)")
        }
        #expect(printed.hasPrefix("1:4: "))
    }

    @Test func `functions of one's own`() throws {
        let double = CustomFunction("double", signature: "<n-:n>", arity: 1) {
            (arguments, _) throws(JSONataError) in
            guard let number = arguments[0]?.doubleValue else { return nil }
            return .number(JSONNumber(number * 2))
        }
        let expression = try Expression("$double(price)", functions: [double])
        #expect(try expression.evaluate(["price": 4]) == 8)

        let twice = CustomFunction("twice", signature: "<fx:x>", arity: 2) {
            (call: inout CustomFunction.Call) throws(JSONataError) in
            let once = try call.call(0, call.arguments[1])
            return try call.call(0, once)
        }
        let eight = try Expression("$twice($double, 2)", functions: [double, twice])
        #expect(try eight.evaluate(nil) == 8)
    }

    @Test func `objects made on demand`() throws {
        let received = Array("no JSON".utf8)
        let request = LazyObject(["path", "body"]) { place in
            place == 0 ? "/hooks" : try? JSONValue(parsing: received)
        }
        let path = try Expression("path").evaluate(request)
        #expect(path == "/hooks")

        let keys = LazyObject.Keys(["path", "body"])
        let other = LazyObject(keys) { place in .string(keys.names[place]) }
        #expect(try Expression("body").evaluate(other) == "body")

        let input = LazyObject(["a", "b"]) { _ in nil }
        let changes = try Expression("$merge([$, {'c': 1}])").changes(of: input)
        #expect(changes == ["c": 1])
    }

    @Test(arguments: ["JSON", "JSONata"])
    func `each example of the documentation is here`(library: String) throws {
        let own = try String(contentsOfFile: #filePath, encoding: .utf8)
        let root = Folders.vectors.deletingLastPathComponent()
        let folder = root.appendingPathComponent("Sources/\(library)")
        let files = try #require(FileManager.default.enumerator(atPath: folder.path))
        var count = 0
        for case let name as String in files where name.hasSuffix(".swift") {
            let text = try String(
                contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            for line in Self.examples(text) {
                #expect(own.contains(line), "\(name): \(line)")
                count += 1
            }
        }
        #expect(count > 10)
    }

    /// Lines of code in comments: indented by four, after an empty line of the comment, without what
    /// is said behind them.
    static func examples(_ text: String) -> [String] {
        var lines: [String] = []
        var isExample = false
        var isAfterEmpty = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            let isIndented = trimmed.hasPrefix("///     ")
            isExample = isIndented && (isExample || isAfterEmpty)
            isAfterEmpty = trimmed == "///"
            guard isExample else { continue }
            let parts = trimmed.dropFirst(3).components(separatedBy: "  //")
            let code = parts.dropLast(parts.count > 1 ? 1 : 0).joined(separator: "  //")
                .trimmingCharacters(in: .whitespaces)
            if !code.isEmpty, !code.hasPrefix("//") { lines.append(code) }
        }
        return lines
    }
}
