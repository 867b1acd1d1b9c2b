import JSON

/// Rows for people, or one JSON object a line with `--json`.
struct Table {
    private let columns: [String]
    private var rows: [[JSONValue]] = []

    init(_ columns: String...) { self.columns = columns }

    /// Adds a row with a value a column.
    mutating func add(_ values: JSONValue...) { rows.append(values) }

    /// The rows under their titles, or as JSON Lines.
    func text(json: Bool) -> String {
        if json {
            return rows.map { row in
                var object = JSONObject()
                for (column, value) in zip(columns, row) { object[column] = value }
                return JSONValue.object(object).jsonString + "\n"
            }.joined()
        }
        let cells = [columns.map { $0.uppercased() }] + rows.map { $0.map(Self.cell) }
        let widths = columns.indices.map { column in
            cells.map { $0[column].count }.max() ?? 0
        }
        return cells.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                line += cell
                guard index < row.count - 1 else { break }
                line += String(repeating: " ", count: widths[index] - cell.count + 2)
            }
            return line + "\n"
        }.joined()
    }

    private static func cell(_ value: JSONValue) -> String {
        let text: String
        switch value {
        case .null: text = "-"
        case .string(let string): text = string
        default: text = value.jsonString
        }
        return plain(text)
    }

    /// Control characters are shown as spaces: stored text must not steer a terminal.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0
                }))
    }
}
