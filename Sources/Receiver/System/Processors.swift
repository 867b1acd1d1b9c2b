import Glibc

/// The machine.
enum Processors {
    /// Processors that are online.
    static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
