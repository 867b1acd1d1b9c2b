import JSON

/// Bounds of one configuration file.
package struct ConfigurationTextLimits: Sendable, Equatable {
    /// The file.
    package var bytesMax = 4 << 20
    /// Mappings and lists that may be open at once.
    package var depthMax = 64
    /// Values and keys, those that aliases repeat included.
    package var nodesMax = 200_000

    package init() {}
}

/// The one door for configuration text: YAML through libyaml, files named `.json` through the strict
/// JSON parser (libyaml refuses JSON's surrogate escapes). Both give the same tree under the same rules:
/// no duplicate keys, bounded depth and size, exactly one document.
package enum ConfigurationText {
    /// The file's value; nil for a file that is empty but for comments.
    ///
    /// - Throws: the first problem that makes the text unreadable, with its place.
    package static func parse(
        _ bytes: [UInt8], file: String, limits: ConfigurationTextLimits = ConfigurationTextLimits()
    ) throws(Problem) -> ConfigurationNode? {
        guard bytes.count <= limits.bytesMax else {
            throw Problem(
                file: file,
                message: "the file has \(bytes.count) bytes; at most \(limits.bytesMax) are read")
        }
        if file.hasSuffix(".json") {
            return try parseJSON(bytes, file: file, limits: limits)
        }
        var reader = YAMLReader(bytes: bytes, file: file, limits: limits)
        return try reader.read()
    }

    static func parseJSON(
        _ bytes: [UInt8], file: String, limits: ConfigurationTextLimits
    ) throws(Problem) -> ConfigurationNode? {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(
                parsing: bytes,
                limits: JSONLimits(depthMax: limits.depthMax, bytesMax: limits.bytesMax))
        } catch {
            if error.code == .emptyInput { return nil }
            throw Problem(
                file: file, mark: SourceMark(line: error.line, column: error.column),
                message: "\(error.code.rawValue); the file must hold one JSON value")
        }
        var builder = JSONTreeBuilder(document: document, file: file, limits: limits)
        return try builder.node(at: 0)
    }

    /// The problem of a key that stands twice in a mapping.
    static func duplicate(
        _ key: String, file: String, mark: SourceMark, first: SourceMark
    ) -> Problem {
        Problem(
            file: file, mark: mark, keyPath: key,
            message:
                "the key stands already in line \(first.line), column \(first.column); keep one")
    }
}

/// Makes nodes of a checked JSON document.
private struct JSONTreeBuilder {
    let document: JSONDocument
    let file: String
    let limits: ConfigurationTextLimits
    private let lineStarts: [Int]
    private var nodes = 0

    init(document: JSONDocument, file: String, limits: ConfigurationTextLimits) {
        self.document = document
        self.file = file
        self.limits = limits
        var starts = [0]
        for (offset, byte) in document.bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    mutating func node(at index: Int) throws(Problem) -> ConfigurationNode {
        nodes += 1
        let mark = mark(at: document.rawRange(at: index).lowerBound)
        guard nodes <= limits.nodesMax else {
            throw Problem(
                file: file, mark: mark, message: "more than \(limits.nodesMax) values; split it")
        }
        let node = JSONNode(document: document, index: index)
        switch document.kind(at: index) {
        case .null: return ConfigurationNode(.null, mark: mark)
        case .bool: return ConfigurationNode(.bool(document.bool(at: index)), mark: mark)
        case .number:
            let text = String(decoding: node.rawBytes, as: UTF8.self)
            return ConfigurationNode(.number(text), mark: mark)
        case .string: return ConfigurationNode(.string(document.string(at: index)), mark: mark)
        case .array:
            var elements: [ConfigurationNode] = []
            var entry = document.firstChild(of: index)
            for _ in 0..<document.count(of: index) {
                elements.append(try self.node(at: entry))
                entry = document.next(after: entry)
            }
            return ConfigurationNode(.sequence(elements), mark: mark)
        case .object:
            return ConfigurationNode(.mapping(try members(of: index)), mark: mark)
        }
    }

    private mutating func members(of index: Int) throws(Problem) -> [ConfigurationNode.Member] {
        var members: [ConfigurationNode.Member] = []
        var seen: [CodeUnits: SourceMark] = [:]
        var entry = document.firstChild(of: index)
        for _ in 0..<document.count(of: index) {
            let key = document.string(at: entry)
            let mark = mark(at: document.rawRange(at: entry).lowerBound)
            if let first = seen.updateValue(mark, forKey: CodeUnits(key)) {
                throw ConfigurationText.duplicate(key, file: file, mark: mark, first: first)
            }
            nodes += 1
            let value = try node(at: entry + 1)
            members.append(ConfigurationNode.Member(key: key, mark: mark, value: value))
            entry = document.next(after: entry + 1)
        }
        return members
    }

    private func mark(at offset: Int) -> SourceMark {
        var low = 0
        var high = lineStarts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
        }
        let line = document.bytes[lineStarts[low]..<offset]
        let scalars = line.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        return SourceMark(line: low + 1, column: scalars + 1)
    }
}
