private import COpenSSL

/// A failure of the library underneath, or material it cannot use. Never holds key material: the
/// reasons are OpenSSL's own words.
package struct CryptographyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: String, Sendable {
        case unsupportedAlgorithm
        case malformedKey
        case unsupportedKey
        case randomnessUnavailable
        case libraryFailure
    }

    package let code: Code
    /// The operation that failed, in words.
    package let operation: String
    /// OpenSSL's queue of reasons, oldest first; empty when it gave none.
    package let reasons: [String]

    package var description: String {
        let detail = reasons.isEmpty ? "" : " (" + reasons.joined(separator: "; ") + ")"
        return "\(operation): \(code.rawValue)\(detail)"
    }

    init(_ code: Code, operation: String) {
        self.code = code
        self.operation = operation
        self.reasons = []
    }

    /// An error with everything in the calling thread's OpenSSL queue, which is left empty.
    static func draining(_ code: Code, operation: String) -> CryptographyError {
        CryptographyError(code, operation: operation, reasons: drainQueue())
    }

    /// Empties the thread's queue: a refused signature leaves entries that must not be reported
    /// with a later, unrelated failure.
    static func discardQueue() {
        ERR_clear_error()
    }

    private init(_ code: Code, operation: String, reasons: [String]) {
        self.code = code
        self.operation = operation
        self.reasons = reasons
    }

    private static func drainQueue() -> [String] {
        var reasons: [String] = []
        while reasons.count < 16 {
            let code = ERR_get_error()
            if code == 0 { break }
            // unsafe: the library's static text, NUL-terminated or null.
            if let text = unsafe ERR_reason_error_string(code) {
                unsafe reasons.append(String(cString: text))
            }
        }
        discardQueue()
        return reasons
    }
}
