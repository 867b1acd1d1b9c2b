import Testing

@testable import EventQueue

@Suite struct LineScannerTests {
    private func scanner(_ text: String) -> LineScanner {
        LineScanner(bytes: Array(text.utf8), position: 0, end: text.utf8.count)
    }

    @Test(arguments: [
        ("0", 0), ("-1", -1), ("007", 7), ("1700000000000", 1_700_000_000_000),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("12,", 12),
        ("12-3", 12),
    ])
    func `an integer is read up to what is no digit`(text: String, number: Int64) {
        var scanner = scanner("n:" + text)
        #expect(scanner.number(after: "n:") == number)
    }

    @Test(arguments: [
        "", "-", "+1", "x", " 1", "--1", "9223372036854775808", "-9223372036854775809",
        "99999999999999999999",
    ])
    func `what is no integer of 64 bits is none`(text: String) {
        var scanner = scanner("n:" + text)
        #expect(scanner.number(after: "n:") == nil)
    }

    @Test func `nothing is read beyond the end`() {
        let bytes = Array("n:123".utf8)
        var scanner = LineScanner(bytes: bytes, position: 0, end: 4)
        #expect(scanner.number(after: "n:") == 12)
        scanner = LineScanner(bytes: bytes, position: 0, end: 1)
        #expect(scanner.number(after: "n:") == nil)
        #expect(scanner.position == 0)
    }

    @Test(arguments: [
        ("\"00000000000000000042\"", UInt64(42)), ("\"18446744073709551615\"", .max),
    ])
    func `a sequence has twenty digits`(text: String, number: UInt64) {
        var scanner = scanner("s:" + text)
        #expect(scanner.sequence(after: "s:") == number)
    }

    @Test(arguments: [
        "\"42\"", "\"0000000000000000004x\"", "\"18446744073709551616\"", "\"\"", "42",
    ])
    func `anything else is no sequence`(text: String) {
        var scanner = scanner("s:" + text)
        #expect(scanner.sequence(after: "s:") == nil)
    }
}
