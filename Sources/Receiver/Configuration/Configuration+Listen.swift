import Cryptography
import HTTPServer

extension Configuration {
    /// A place to listen, or a list of them: each an address alone, or a mapping with TLS and the like.
    static func listeners(
        _ reader: inout MappingReader, _ key: String, _ problems: inout Problems
    ) -> [ListenSettings] {
        var found: [ListenSettings] = []
        let nodes = reader.list(key)
        for (index, node) in nodes.enumerated() {
            let path = nodes.count > 1 ? "\(reader.path(key))[\(index)]" : reader.path(key)
            guard let settings = listener(node, path, &problems) else { continue }
            let address = settings.address
            if found.contains(where: { $0.address == address }),
                address != .tcp(host: "127.0.0.1", port: 0)
            {
                problems.add(node.mark, path, "\(address) is listed twice; keep one")
                continue
            }
            found.append(settings)
        }
        if nodes.isEmpty, let node = reader.value(key) {
            problems.add(node.mark, reader.path(key), "the list is empty; write an address")
        }
        return found
    }

    private static func listener(
        _ node: ConfigurationNode, _ path: String, _ problems: inout Problems
    ) -> ListenSettings? {
        guard case .mapping = node.content else {
            guard let text = MappingReader.string(node, path, &problems) else { return nil }
            return address(text, node.mark, path, &problems).map { ListenSettings($0) }
        }
        guard
            var reader = MappingReader(
                node, path: path, example: "{ address: 127.0.0.1:8080 }", &problems)
        else { return nil }
        let text = reader.text("address", &problems)
        if text == nil, reader.value("address") == nil {
            problems.add(
                node.mark, path, "address is missing; write { address: 127.0.0.1:8080, … }")
        }
        let mark = reader.value("address")?.mark ?? node.mark
        let found = text.flatMap { address($0, mark, reader.path("address"), &problems) }
        var settings = ListenSettings(found ?? .tcp(host: "127.0.0.1", port: 0))
        if let value = reader.value("tls") {
            settings.tls = tls(value, reader.path("tls"), &problems)
        }
        settings.expectsProxyHeader = reader.bool("proxy_protocol", &problems) ?? false
        settings.access = access(&reader, settings.address, &problems)
        reader.finish(&problems)
        return found == nil ? nil : settings
    }

    private static func address(
        _ text: String, _ mark: SourceMark, _ path: String, _ problems: inout Problems
    ) -> ListenAddress? {
        if let address = ListenAddress(text) { return address }
        problems.add(
            mark, path,
            "\"\(text)\" is no address to listen on; write ADDRESS:PORT such as "
                + "127.0.0.1:8080 or \"[::]:8080\", unix:/PATH or systemd:NAME")
        return nil
    }

    /// Mode and owners of a socket in the file system.
    private static func access(
        _ reader: inout MappingReader, _ address: ListenAddress, _ problems: inout Problems
    ) -> SocketAccess {
        var access = SocketAccess()
        if let value = reader.value("mode") {
            let text = value.scalarText ?? ""
            if (3...4).contains(text.utf8.count), let mode = UInt32(text, radix: 8), mode <= 0o777 {
                access.mode = mode
            } else {
                problems.add(
                    value.mark, reader.path("mode"),
                    "expected permissions in octal; write them as \"0660\"")
            }
        }
        for (key, find, member) in [
            ("owner", SystemUsers.user, \SocketAccess.owner),
            ("group", SystemUsers.group, \SocketAccess.group),
        ] {
            guard let name = reader.text(key, &problems) else { continue }
            guard let id = find(name) else {
                problems.add(
                    reader.value(key)?.mark, reader.path(key),
                    "this system knows no \(key == "owner" ? "user" : "group") \(name)")
                continue
            }
            access[keyPath: member] = id
        }
        if case .unix = address { return access }
        for key in ["mode", "owner", "group"] {
            guard let value = reader.value(key) else { continue }
            problems.add(
                value.mark, reader.path(key), "only addresses of the form unix:/PATH have it")
        }
        return access
    }

    private static func tls(
        _ node: ConfigurationNode, _ path: String, _ problems: inout Problems
    ) -> TLSSettings? {
        guard
            var reader = MappingReader(
                node, path: path, example: "{ certificate: PATH, private_key: PATH }", &problems)
        else { return nil }
        var settings = TLSSettings(keyPath: path, mark: node.mark)
        let before = problems.list.count
        if reader.value("certificates") != nil {
            for key in ["certificate", "private_key"] {
                guard let value = reader.value(key) else { continue }
                problems.add(
                    value.mark, reader.path(key),
                    "it stands beside certificates; put it into the list")
            }
            for (index, element) in reader.list("certificates").enumerated() {
                let place = "\(reader.path("certificates"))[\(index)]"
                guard
                    var entry = MappingReader(
                        element, path: place, example: "{ certificate: PATH, private_key: PATH }",
                        &problems)
                else { continue }
                if let identity = identity(&entry, &problems) {
                    settings.identities.append(identity)
                }
                entry.finish(&problems)
            }
        } else if let identity = identity(&reader, &problems) {
            settings.identities = [identity]
        }
        if let version = reader.choice("min_version", TLSVersion.self, &problems) {
            settings.minimumVersion = version
        }
        if let flag = reader.bool("session_tickets", &problems) { settings.usesTickets = flag }
        readClients(&reader, &settings, &problems)
        reader.finish(&problems)
        if settings.identities.isEmpty, problems.list.count == before {
            problems.add(node.mark, path, "the list of certificates is empty; write one")
        }
        return settings
    }

    private static func identity(
        _ reader: inout MappingReader, _ problems: inout Problems
    ) -> TLSSettings.Identity? {
        let certificate = file("certificate", &reader, &problems)
        let path = reader.path("private_key")
        var source: EnvironmentVariable.Source?
        let value = reader.value("private_key")
        if let value {
            if case .string(let text) = value.content {
                if text.isEmpty {
                    problems.add(value.mark, path, "it is empty; write a path")
                } else {
                    source = .file(text)
                }
            } else {
                source = Self.source(value, path, &problems)
            }
        }
        for (key, isGiven) in [
            ("certificate", reader.value("certificate") != nil), ("private_key", value != nil),
        ] where !isGiven {
            problems.add(
                reader.node.mark, reader.path,
                "\(key) is missing; TLS needs a certificate and its key")
        }
        guard let certificate, let source, let value else { return nil }
        return TLSSettings.Identity(
            certificate: certificate,
            privateKey: EnvironmentVariable(name: path, source: source, mark: value.mark))
    }

    private static func file(
        _ key: String, _ reader: inout MappingReader, _ problems: inout Problems
    ) -> TLSSettings.File? {
        guard let path = reader.text(key, &problems), let value = reader.value(key) else {
            return nil
        }
        return TLSSettings.File(path: path, keyPath: reader.path(key), mark: value.mark)
    }

    private static func readClients(
        _ reader: inout MappingReader, _ settings: inout TLSSettings, _ problems: inout Problems
    ) {
        settings.clientAuthorities = file("client_ca", &reader, &problems)
        let asked = reader.choice(
            "client_certificate", TLSMaterial.ClientCertificates.self, &problems)
        let isGiven = settings.clientAuthorities != nil
        settings.clientCertificates = asked ?? (isGiven ? .required : .none)
        if isGiven, asked == TLSMaterial.ClientCertificates.none {
            problems.add(
                reader.value("client_ca")?.mark, reader.path("client_ca"),
                "no certificate of clients is asked for; write client_certificate: required, "
                    + "or remove it")
        } else if !isGiven, settings.clientCertificates != .none,
            reader.value("client_ca") == nil
        {
            problems.add(
                reader.value("client_certificate")?.mark, reader.path("client_certificate"),
                "client_ca is missing; name the file of the authorities to trust")
        }
    }
}
