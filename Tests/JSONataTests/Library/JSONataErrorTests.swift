import JSON
import JSONata
import Testing

struct JSONataErrorTests {
    @Test(
        arguments: [
            ("a +", 1, 4), ("a\n  + )", 2, 5), ("\"😀\" )", 1, 5), ("a\r\n\r\n)", 3, 1), ("", 1, 1),
        ])
    func `an error is at a line and a column`(source: String, line: Int, column: Int) throws {
        let error = #expect(throws: JSONataError.self) { try Expression(source) }
        let location = try #require(error?.location(in: source))
        #expect(location == (line, column))
    }

    @Test(arguments: JSONataErrorCode.allCases)
    func `every code prints with a message that has no open placeholder`(code: JSONataErrorCode) {
        let error = JSONataError(
            code, position: 3, token: "+", value: "v", secondValue: 2, argumentIndex: 1,
            functionName: "f", detail: "why")
        #expect(error.description.hasPrefix("\(code.rawValue) at 3: "))
        #expect(!error.message.isEmpty)
        #expect(!error.message.contains("{") && !error.message.contains("}"))
    }

    @Test func `the message of a malformed URL is that of the reference`() {
        let error = JSONataError(.d3140, value: "%E0%A4%A", functionName: "decodeUrl")
        #expect(error.message == "Malformed URL passed to $decodeUrl(): \"%E0%A4%A\"")
    }

    @Test func `text given to error is passed on as it is`() {
        #expect(JSONataError(.d3137, detail: "a {value} b").message == "a {value} b")
    }

    @Test func `a position is added once and never replaced`() {
        let error = JSONataError(.t2001).located(at: 7, functionName: "sum")
        #expect(error.position == 7)
        #expect(error.located(at: 9, functionName: "max").position == 7)
        #expect(error.located(at: 9, functionName: "max").functionName == "sum")
    }

    @Test func `a long value is cut in the message`() {
        let error = JSONataError(.d3030, value: .string(String(repeating: "x", count: 5000)))
        #expect(error.message.utf8.count < 300)
    }
}
