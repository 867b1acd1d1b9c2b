import JSON
import JSONata
import Testing

/// An expression has a greatest length, and what is compiled on the way is paid for in steps.
struct ExpressionLengthTests {
    private static func literal(_ bytes: Int) -> String {
        "'" + String(repeating: "x", count: bytes - 2) + "'"
    }

    @Test func `an expression may have a MiB and not one byte more`() throws {
        let longest = Self.literal(Expression.bytesMax)
        #expect(throws: Never.self) { try Expression(longest) }
        let error = #expect(throws: JSONataError.self) { try Expression(longest + " ") }
        #expect(error?.code == "U1006")
        #expect(error?.message == "The expression is longer than 1048576 bytes")
    }

    @Test func `the length holds for what is compiled on the way too`() throws {
        var limits = EvaluationLimits()
        limits.stepsMax = 100_000_000
        limits.timeMilliseconds = 60_000
        let source = { (bytes: Int) in "$eval(\"'\" & $pad('', \(bytes - 2), 'x') & \"'\")" }
        #expect(
            try SafeRun.outcome(source(Expression.bytesMax), limits: limits).code != "U1006")
        let beyond = try SafeRun.outcome(source(Expression.bytesMax + 1), limits: limits).code
        #expect(beyond == "U1006")
    }

    @Test func `compiling on the way takes steps for each byte`() throws {
        var limits = EvaluationLimits()
        limits.stepsMax = 16 * 1000 + 100
        let source = { (bytes: Int) in "$eval(\"\(Self.literal(bytes))\")" }
        #expect(try SafeRun.outcome(source(1000), limits: limits).code == nil)
        #expect(try SafeRun.outcome(source(1020), limits: limits) == .code("U1001"))
    }

    @Test func `many written-out keys are told apart quickly`() throws {
        // 20,000 of them took seconds when each was compared with all before it.
        let pairs = (0..<20_000).map { "'key\($0)':\($0)" }.joined(separator: ",")
        let result = try Expression("$count($keys({\(pairs)}))").evaluate(nil)
        #expect(result?.intValue == 20_000)
    }

    @Test func `a result that shares its parts is not written out without end`() throws {
        let expression = try Expression(
            "$reduce([1..40], function($a,$b){{'a':$a,'b':$a}}, 1)")
        let error = #expect(throws: JSONataError.self) { try expression.evaluate(json: [0x31]) }
        #expect(["U1001", "U1003"].contains(error?.code))
    }
}
