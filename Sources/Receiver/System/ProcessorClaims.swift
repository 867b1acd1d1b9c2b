import Glibc

/// Processors that this process keeps its loops on, so that no two receivers of a machine keep theirs on
/// the same while others have nothing to do.
///
/// A claim is a socket bound to an abstract name (unix(7)): it goes with the process, however that ends.
final class ProcessorClaims: Sendable {
    let processors: [Int32]
    private let descriptors: [Int32]

    /// Claims so many of the candidates, the first that are free, or none.
    /// - Parameters:
    ///   - count: how many; 0 claims none.
    ///   - candidates: numbers of processors.
    ///   - name: what names of claims begin with; tests have their own.
    init(_ count: Int, among candidates: [Int32], name: String = "postern-processor-") {
        var (processors, descriptors): ([Int32], [Int32]) = ([], [])
        for processor in candidates where processors.count < count {
            guard let descriptor = Self.claim(name + String(processor)) else { continue }
            processors.append(processor)
            descriptors.append(descriptor)
        }
        if processors.count < count {
            for descriptor in descriptors { close(descriptor) }
            (processors, descriptors) = ([], [])
        }
        (self.processors, self.descriptors) = (processors, descriptors)
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    private static func claim(_ name: String) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // A name that begins with a zero byte lies in no folder.
        let name = [0] + Array(name.utf8)
        guard name.count <= MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // unsafe: the name fits the field by the check above; the address lives for the call.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let length = MemoryLayout<sa_family_t>.size + name.count
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(length))
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return nil
    }
}
