import Glibc

/// Runs commands as `sh` does.
enum Shell {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// What a command writes to its standard output.
    ///
    /// - Throws: when no process can be started.
    static func output(of command: String) throws -> String {
        // unsafe: the stream is ours from here to pclose, and the text is copied out of the buffer.
        guard let stream = unsafe popen(command, "r") else {
            throw Failure(description: "no process could be started")
        }
        defer { unsafe pclose(stream) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, stream)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
