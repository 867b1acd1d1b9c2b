import Glibc

/// The measurements as a Markdown table and as an SVG of small charts.
struct ReportDrawing {
    /// One axis with the points of each queue.
    struct Panel {
        let title: String
        let series: [(name: String, points: [ReportBenchmark.Point])]
    }

    /// What a row of charts shows.
    private struct Measure: Sendable {
        let title: String
        let value: @Sendable (ReportBenchmark.Point) -> Double
    }

    let panels: [Panel]

    private static let measures = [
        Measure(title: "events/s") { $0.eventsPerSecond },
        Measure(title: "p99 ms") { $0.p99Milliseconds },
        Measure(title: "memory MiB") { $0.residentMiB },
    ]
    private static let colours = ["#0b6e99", "#c2571a"]
    private static let (width, height) = (230.0, 150.0)

    /// A table an axis: a line a value, and for each queue its three figures.
    var markdown: String {
        var text = ""
        for panel in panels {
            let names = panel.series.map(\.name)
            text += "| \(panel.title) |"
            for name in names { text += " \(name): events/s | p99 ms | MiB |" }
            text += "\n|---:|" + String(repeating: "---:|", count: names.count * 3) + "\n"
            for (place, point) in (panel.series.first?.points ?? []).enumerated() {
                text += "| \(Self.grouped(point.value)) |"
                for series in panel.series where series.points.indices.contains(place) {
                    let point = series.points[place]
                    text += " \(Self.grouped(Int(point.eventsPerSecond)))"
                    text += " | \(Self.decimal(point.p99Milliseconds))"
                    text += " | \(Self.decimal(point.residentMiB)) |"
                }
                text += "\n"
            }
            text += "\n"
        }
        return text
    }

    /// A row of charts for each measure, a column for each axis.
    var svg: String {
        let full = (
            Self.width * Double(panels.count) + 20, Self.height * Double(Self.measures.count) + 40
        )
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(full.0)) \(Int(full.1))" \
            font-family="sans-serif" font-size="10">
            <rect width="100%" height="100%" fill="#ffffff"/>

            """
        for (column, panel) in panels.enumerated() {
            for (row, measure) in Self.measures.enumerated() {
                let origin = (
                    x: 10 + Self.width * Double(column), y: 10 + Self.height * Double(row)
                )
                text += chart(panel, measure, origin)
            }
        }
        for (place, series) in (panels.first?.series ?? []).enumerated() {
            let (x, y) = (20 + place * 90, Int(full.1) - 10)
            text += "<text x=\"\(x)\" y=\"\(y)\" fill=\"\(Self.colours[place % 2])\">"
            text += "● \(series.name) queue</text>\n"
        }
        return text + "</svg>\n"
    }

    private func chart(
        _ panel: Panel, _ measure: Measure, _ origin: (x: Double, y: Double)
    ) -> String {
        let frame = (
            left: origin.x + 40, top: origin.y + 18, width: Self.width - 60,
            height: Self.height - 50
        )
        let values = panel.series.flatMap(\.points)
        let highest = Self.rounded(values.map(measure.value).max() ?? 1)
        let exponents = values.map { log10(Double(max(1, $0.value))) }
        let (low, high) = (exponents.min() ?? 0, max(exponents.max() ?? 1, 1))
        func x(_ value: Int) -> Double {
            let part = (log10(Double(max(1, value))) - low) / max(high - low, 0.001)
            return frame.left + part * frame.width
        }
        func y(_ value: Double) -> Double { frame.top + frame.height * (1 - value / highest) }
        var text = "<text x=\"\(frame.left)\" y=\"\(origin.y + 10)\">"
        text += "\(measure.title) by \(panel.title)</text>\n"
        for part in [0.0, 0.5, 1.0] {
            let line = y(highest * part)
            text += "<path d=\"M\(frame.left) \(line)h\(frame.width)\" stroke=\"#dddddd\"/>"
            text += "<text x=\"\(frame.left - 4)\" y=\"\(line + 3)\" text-anchor=\"end\">"
            text += "\(Self.short(highest * part))</text>\n"
        }
        for point in panel.series.first?.points ?? [] {
            text += "<text x=\"\(x(point.value))\" y=\"\(frame.top + frame.height + 12)\" "
            text += "text-anchor=\"middle\">\(Self.short(Double(point.value)))</text>\n"
        }
        for (place, series) in panel.series.enumerated() {
            let colour = Self.colours[place % Self.colours.count]
            let points = series.points.map { (x($0.value), y(measure.value($0))) }
            let path = points.map { "\(Self.decimal($0.0)),\(Self.decimal($0.1))" }
            text += "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\" "
            text += "points=\"\(path.joined(separator: " "))\"/>\n"
            for (x, y) in points {
                text += "<circle cx=\"\(Self.decimal(x))\" cy=\"\(Self.decimal(y))\" r=\"2\" "
                text += "fill=\"\(colour)\"/>"
            }
            text += "\n"
        }
        return text
    }

    // MARK: Numbers

    /// 1, 2 or 5 times a power of ten, not below the value.
    static func rounded(_ value: Double) -> Double {
        let power = pow(10, floor(log10(max(value, 1))))
        for factor in [1.0, 2, 5] where factor * power >= value { return factor * power }
        return 10 * power
    }

    /// `1.5k`, `10M`, `0.5`.
    static func short(_ value: Double) -> String {
        if value >= 1_000_000 { return decimal(value / 1_000_000) + "M" }
        return value >= 1000 ? decimal(value / 1000) + "k" : decimal(value)
    }

    /// One digit after the point, none when it is zero.
    static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(abs(tenths % 10))"
    }

    /// `12,345`.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
