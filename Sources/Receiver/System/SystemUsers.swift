import Glibc

/// Users and groups of this system, by name or number.
enum SystemUsers {
    static func user(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        // unsafe: the entry is read at once; nothing else in this program asks for users.
        guard let entry = unsafe getpwnam(name) else { return nil }
        return unsafe entry.pointee.pw_uid
    }

    static func group(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        // unsafe: as above.
        guard let entry = unsafe getgrnam(name) else { return nil }
        return unsafe entry.pointee.gr_gid
    }
}
