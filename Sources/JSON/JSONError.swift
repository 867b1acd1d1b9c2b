/// Why a text is not the JSON it claims to be, and where.
///
///     do {
///         _ = try JSONValue(parsing: Array("[1,\n x]".utf8))
///     } catch {
///         print(error)  // line 2, column 2: unexpected character
///     }
///
/// Lines and columns are counted from 1; a column counts bytes, not characters.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of reasons.
    public enum Code: String, Sendable, CaseIterable {
        case emptyInput = "empty input"
        case unexpectedEnd = "unexpected end of input"
        case unexpectedCharacter = "unexpected character"
        case trailingContent = "content after the value"
        case invalidLiteral = "expected true, false or null"
        case invalidNumber = "invalid number"
        case invalidEscape = "invalid escape sequence"
        case controlCharacter = "control character in a string"
        case invalidUTF8 = "invalid UTF-8"
        case byteOrderMark = "byte order mark"
        case tooDeep = "nested too deeply"
        case tooLarge = "too many bytes"
    }

    /// What is wrong.
    public let code: Code
    /// Where, in bytes from the start.
    public let offset: Int
    /// The line of `offset`, from 1.
    public let line: Int
    /// The byte of `offset` in its line, from 1.
    public let column: Int

    /// Computes line and column of `offset`; done only when an error is made.
    init(_ code: Code, at offset: Int, in bytes: [UInt8]) {
        self.code = code
        self.offset = offset
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        self.line = line
        self.column = offset - lineStart + 1
    }

    /// `line 3, column 14: invalid escape sequence`.
    public var description: String { "line \(line), column \(column): \(code.rawValue)" }
}

/// Bounds of a document, checked while it is parsed.
///
///     let flat = JSONLimits(depthMax: 2, bytesMax: 1 << 16)
///     let config = try JSONValue(parsing: Array(#"{"a": []}"#.utf8), limits: flat)
public struct JSONLimits: Sendable, Equatable {
    /// How many arrays and objects may be open at once.
    public var depthMax: Int
    /// The longest text, in bytes.
    public var bytesMax: Int

    /// 512 levels and 64 MiB unless told otherwise.
    public init(depthMax: Int = 512, bytesMax: Int = 64 << 20) {
        self.depthMax = depthMax
        // Offsets and lengths on the tape have 32 bits, counts 28.
        self.bytesMax = min(bytesMax, 1 << 28)
    }

    /// 512 levels, 64 MiB.
    public static let `default` = JSONLimits()
}
