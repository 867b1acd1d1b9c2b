import Cryptography
import EventQueue
import JSON
import Receiver

extension ReportBenchmark {
    private static let secret = "secret"
    private static let port = 21_987

    /// An integration that checks GitHub's signature, a configuration, and wrk's script.
    func configure(_ work: String, _ queue: String, _ setting: Setting) throws {
        for number in 0..<setting.integrations {
            let text = """
                {"name":"i\(number)","config":{"webhook":{"signature_verification":\
                {"format":"hmac","config":{"algorithm":"sha256","secret":"\(Self.secret)",\
                "signed_string":"{{raw_body}}","compare_with":"{{headers.x-hub-signature-256}}",\
                "prefix":"sha256=","encoding":"hex"}}}}}
                """
            try write(text, work, "integrations.d/i\(number).json")
        }
        let configuration = """
            listen: 127.0.0.1:\(Self.port)
            data_directory: \(work)
            integrations: \(work)/integrations.d
            queues:
              - { name: main, type: \(queue), path: \(Self.path(queue)) }
            limits:
              connections_max: 20000
              connections_per_address_max: 20000
              # One integration gets four fifths: enough for 64 bodies of 1 MB at once.
              bytes_in_flight_max: 128MiB

            """
        try write(configuration, work, "postern.yaml")
        let start = #"{"ref":"refs/heads/main","action":"push","pad":""#
        let pad = String(repeating: "x", count: max(0, setting.body - start.utf8.count - 2))
        let body = start + pad + #""}"#
        let signature = try HMAC(.sha256, key: Secret(Array(Self.secret.utf8)))
            .authenticate(Array(body.utf8))
        let hex = String(decoding: Encodings.encodeHex(signature), as: UTF8.self)
        let script = """
            local headers = {["Content-Type"] = "application/json",
              ["X-Hub-Signature-256"] = "sha256=\(hex)"}
            local requests, next = {}, 0
            function init(args)
              for i = 0, \(setting.integrations - 1) do
                requests[i] = wrk.format("POST", "/webhooks/i" .. i, headers, [==[\(body)]==])
              end
            end
            function request()
              next = (next + 7919) % \(setting.integrations)
              return requests[next]
            end

            """
        try write(script, work, "post.lua")
    }

    /// Starts the program, waits for it, loads it, asks how much memory it holds, and ends it.
    func command(_ work: String, _ setting: Setting) -> String {
        let seconds = isQuick ? 2 : 5
        return """
            program=$(realpath -- '\(program)'); ulimit -n "$(ulimit -H -n)"; cd '\(work)'
            "$program" serve --config postern.yaml --ready-file ready >log 2>&1 & pid=$!
            for turn in $(seq 6000); do [ -s ready ] && break; sleep 0.01; done
            wrk -t1 -c\(setting.connections) -d\(seconds)s --timeout 30s --latency -s post.lua \
            http://127.0.0.1:\(Self.port)/ 2>&1
            grep VmRSS /proc/$pid/status
            kill $pid; wait $pid
            """
    }

    /// Puts small events into the queue, as the program would have.
    func fill(_ work: String, _ queue: String, _ count: Int) throws {
        let path = FileSystem.join(work, Self.path(queue))
        let now = Clock.nowMilliseconds
        let open: any EventQueue =
            queue == "file"
            ? try FileQueue(name: queue, path: path, access: .readWrite, nowMilliseconds: now)
            : try SQLiteQueue(name: queue, path: path, access: .readWrite, nowMilliseconds: now)
        defer { open.close() }
        var stored = 0
        while stored < count {
            let batch = (stored..<min(count, stored + 4096)).map { number in
                QueuedEvent(
                    id: "event-\(number)", integration: "i0", account: nil, type: "report",
                    timeMilliseconds: now,
                    document: Array(#"{"specversion":"1.0","id":"event-\#(number)"}"#.utf8))
            }
            _ = try open.append(batch, nowMilliseconds: now)
            stored += batch.count
        }
    }

    private static func path(_ queue: String) -> String { queue == "file" ? "events" : "queue.db" }

    private func write(_ text: String, _ work: String, _ name: String) throws {
        try FileSystem.write(Array(text.utf8), to: FileSystem.join(work, name))
    }
}
