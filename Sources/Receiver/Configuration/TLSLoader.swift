import Cryptography
import HTTPServer
import Webhooks

/// Reads certificates and keys of listeners, and checks that they fit.
struct TLSLoader {
    /// The configuration file, for problems.
    let file: String
    let secrets: SecretLoader
    let ticketKeys: TLSTicketKeys
    /// Seconds since 1970.
    let now: Int64

    /// A context of everything that is well; nil, with problems, when something is not.
    func load(_ settings: TLSSettings, _ problems: inout Problems) -> TLSContext? {
        var identities: [TLSMaterial.Identity] = []
        for identity in settings.identities {
            let chain = read(identity.certificate, &problems)
            let key = privateKey(identity.privateKey, &problems)
            guard let chain, let key else { continue }
            identities.append(TLSMaterial.Identity(chain: chain, privateKey: key))
        }
        var material = TLSMaterial(identities: identities)
        material.clientCertificates = settings.clientCertificates
        material.minimumVersion = settings.minimumVersion
        material.usesTickets = settings.usesTickets
        if let authorities = settings.clientAuthorities {
            guard let bytes = read(authorities, &problems) else { return nil }
            material.clientAuthorities = bytes
        }
        guard identities.count == settings.identities.count, !identities.isEmpty else {
            return nil
        }
        do throws(TLSMaterialError) {
            let context = try TLSContext(material, ticketKeys: ticketKeys)
            for (certificate, identity) in zip(context.certificates, settings.identities) {
                checkTime(certificate, identity.certificate, &problems)
            }
            return context
        } catch {
            let (mark, keyPath) = place(of: error.part, in: settings)
            problems.add(mark, keyPath, error.description)
            return nil
        }
    }

    private func place(
        of part: TLSMaterialError.Part, in settings: TLSSettings
    ) -> (SourceMark, String) {
        switch part {
        case .certificate(let number) where number < settings.identities.count:
            let file = settings.identities[number].certificate
            return (file.mark, file.keyPath)
        case .privateKey(let number) where number < settings.identities.count:
            let key = settings.identities[number].privateKey
            return (key.mark, key.name)
        case .clientAuthorities:
            let file = settings.clientAuthorities
            return (file?.mark ?? settings.mark, file?.keyPath ?? settings.keyPath)
        default: return (settings.mark, settings.keyPath)
        }
    }

    private func read(_ file: TLSSettings.File, _ problems: inout Problems) -> [UInt8]? {
        let path = FileSystem.join(secrets.folder, file.path)
        do throws(FileError) { return try FileSystem.read(path, maximum: 4 << 20) } catch {
            problems.add(file.mark, file.keyPath, "\(error)")
            return nil
        }
    }

    private func privateKey(_ key: EnvironmentVariable, _ problems: inout Problems) -> Secret? {
        switch secrets.load(key.source) {
        case .success(let secret):
            if case .file(let path) = key.source {
                let place = FileSystem.join(secrets.folder, path)
                if let mode = FileSystem.permissions(place), mode & 0o004 != 0 {
                    problems.add(
                        key.mark, key.name, "everybody can read \(place); chmod o-r \(place)",
                        .warning)
                }
            }
            return secret
        case .failure(let missing):
            // systemd gives credentials to the service alone; `postern check` may run without them.
            var severity = Problem.Severity.error
            if case .credential = key.source, secrets.environment("CREDENTIALS_DIRECTORY") == nil {
                severity = .warning
            }
            problems.add(key.mark, key.name, missing.message, severity)
            return nil
        }
    }

    private func checkTime(
        _ certificate: TLSContext.ServerCertificate, _ file: TLSSettings.File,
        _ problems: inout Problems
    ) {
        if certificate.notAfter < now {
            problems.add(
                file.mark, file.keyPath,
                "the certificate of \(certificate.subject) ended on "
                    + "\(TimeText.iso8601(certificate.notAfter * 1000)); renew it",
                .warning)
        } else if certificate.notBefore > now {
            problems.add(
                file.mark, file.keyPath,
                "the certificate of \(certificate.subject) begins on "
                    + "\(TimeText.iso8601(certificate.notBefore * 1000)); is the clock right?",
                .warning)
        }
    }
}
