/// A place in a configuration file.
package struct SourceMark: Sendable, Equatable, Hashable {
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The beginning of a file.
    package static let start = SourceMark(line: 1, column: 1)
}
