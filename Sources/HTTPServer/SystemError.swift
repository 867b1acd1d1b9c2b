import Glibc

/// A system call that failed: its name and errno.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    package let call: String
    package let code: Int32

    package init(_ call: String, _ code: Int32) {
        self.call = call
        self.code = code
    }

    /// `bind: Address already in use`.
    package var description: String {
        guard let message = unsafe strerror(code) else { return "\(call): errno \(code)" }
        return unsafe "\(call): \(String(cString: message))"
    }
}
