import Testing

@testable import Receiver

struct HistogramTests {
    private static func text(_ histograms: Histogram...) -> String {
        var text = ""
        Histogram.write("x", "Help.", [("", histograms)], to: &text)
        return text
    }

    @Test func `recordings of all loops add up`() {
        let loops = (0..<3).map { _ in Histogram(bounds: [1, 2, 4], divisor: 1) }
        for (place, loop) in loops.enumerated() { for _ in 0...place { loop.record(2) } }
        #expect(
            Self.text(loops[0], loops[1], loops[2]) == """
                # HELP x Help.
                # TYPE x histogram
                x_bucket{le="1.0"} 0
                x_bucket{le="2.0"} 6
                x_bucket{le="4.0"} 6
                x_bucket{le="+Inf"} 6
                x_sum 12.0
                x_count 6

                """)
    }

    @Test func `a family member without a loop has no lines`() {
        #expect(Self.text() == "# HELP x Help.\n# TYPE x histogram\n")
    }

    @Test(
        arguments: [
            (0, [1, 1, 1]), (10, [1, 1, 1]), (11, [0, 1, 1]), (20, [0, 1, 1]), (21, [0, 0, 1]),
            (.max, [0, 0, 1]),
        ] as [(UInt64, [Int])])
    func `a value at a bound is within it, one above is not`(value: UInt64, counts: [Int]) {
        let histogram = Histogram(bounds: [10, 20], divisor: 1)
        histogram.record(value)
        let text = Self.text(histogram)
        #expect(text.contains("x_bucket{le=\"10.0\"} \(counts[0])\n"))
        #expect(text.contains("x_bucket{le=\"20.0\"} \(counts[1])\n"))
        #expect(text.contains("x_bucket{le=\"+Inf\"} \(counts[2])\n"))
        #expect(text.contains("x_sum \(Double(value))\nx_count \(counts[2])\n"))
    }

    @Test func `every one of the longest list of bounds has its own count`() {
        let bounds = Histogram.microseconds
        #expect(bounds.count == 15)
        let histogram = Histogram()
        for bound in bounds { histogram.record(bound) }
        histogram.record((bounds.last ?? 0) + 1)
        let lines = Self.text(histogram).split(separator: "\n")
        let counts = lines.filter { $0.hasPrefix("x_bucket") }.map { line in
            line.split(separator: " ").last.flatMap { Int($0) }
        }
        #expect(counts == Array(1...16))
        #expect(lines.last == "x_count 16")
    }

    @Test func `durations are shown in seconds`() {
        let histogram = Histogram()
        histogram.record(nanoseconds: 25_999)
        histogram.record(nanoseconds: 26_000)
        let text = Self.text(histogram)
        #expect(text.contains("x_bucket{le=\"2.5e-05\"} 1\nx_bucket{le=\"5e-05\"} 2\n"))
        #expect(text.hasSuffix("x_sum 5.1e-05\nx_count 2\n"))
    }

    @Test func `a family has its labels on every line of a member`() {
        let histogram = Histogram(bounds: [1], divisor: 1)
        histogram.record(3)
        var text = ""
        Histogram.write("x", "Help.", [("a=\"b\"", [histogram])], to: &text)
        #expect(
            text.hasSuffix(
                """
                x_bucket{a="b",le="1.0"} 0
                x_bucket{a="b",le="+Inf"} 1
                x_sum{a="b"} 3.0
                x_count{a="b"} 1

                """))
    }
}
