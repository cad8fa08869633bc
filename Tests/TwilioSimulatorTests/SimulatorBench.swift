import Foundation
import TestSupport
import Testing
import TwilioSimulator

/// A simulator with a folder of its own, both gone with the last reference.
final class SimulatorBench: Sendable {
    let folder: URL
    let simulator: TwilioSimulator

    static let keys = [Result { try KeyPair.shared }, Result { try KeyPair.other }]

    static let secondKeySID = "CR" + String(repeating: "2", count: 32)

    /// Files as paths in the media folder.
    init(files: [String: Data] = [:], configure: (inout SimulatorConfiguration) -> Void = { _ in }) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "simulator-test-\(UUID().uuidString)")
        let media = folder.appending(path: "media")
        try FileManager.default.createDirectory(at: media, withIntermediateDirectories: true)
        for (name, content) in files {
            let file = media.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        for (index, key) in Self.keys.enumerated() {
            try key.get().privatePEM.write(
                to: folder.appending(path: "private-\(index).pem"), atomically: false, encoding: .utf8)
        }
        var configuration = try SimulatorConfiguration(
            mediaFolder: media.path,
            publicKeys: [
                .init(pem: Self.keys[0].get().publicPEM),
                .init(sid: Self.secondKeySID, pem: Self.keys[1].get().publicPEM),
            ])
        configure(&configuration)
        simulator = try TwilioSimulator.start(configuration)
    }

    deinit {
        simulator.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    var accountPath: String { "/2010-04-01/Accounts/\(simulator.credentials.accountSID)" }

    /// The SID of the resource that was made of a file.
    func sid(_ name: String) throws -> String {
        try #require(simulator.manifest.first { $0.value.name == name }?.key)
    }

    func voiceMedia(_ name: String) throws -> String { try "\(accountPath)/Recordings/\(sid(name)).wav" }

    /// Asks the API with the API key.
    func api(_ path: String, _ options: [String] = []) throws -> CurlAnswer {
        let user = "\(simulator.credentials.apiKey):\(simulator.credentials.apiSecret)"
        return try curl(simulator.apiURL + path, ["-u", user] + options)
    }

    func control(_ path: String, _ options: [String] = []) throws -> CurlAnswer {
        try curl("\(simulator.apiURL)/_simulator/\(path)", options)
    }

    /// The presigned address of a video resource's media.
    func address(_ sid: String, ttl: Int? = nil) throws -> String {
        let kind = sid.hasPrefix("CJ") ? "Compositions" : "Recordings"
        let answer = try api("/v1/\(kind)/\(sid)/Media" + (ttl.map { "?Ttl=\($0)" } ?? ""))
        return try #require(answer.headers["location"])
    }

    func curl(_ url: String, _ options: [String] = []) throws -> CurlAnswer {
        let name = UUID().uuidString
        let head = folder.appending(path: "\(name).head")
        let body = folder.appending(path: "\(name).body")
        let result = run(
            "/usr/bin/curl",
            ["-s", "-g", "-m", "20", "-D", head.path, "-o", body.path, "-w", "%{http_code} %{time_total}"] + options
                + [url])
        let words = String(decoding: result.output, as: UTF8.self).split(separator: " ")
        var headers: [String: String] = [:]
        let text = (try? String(contentsOf: head, encoding: .utf8)) ?? ""
        for line in text.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if line.hasPrefix("HTTP/") { headers = [:] }
            if parts.count == 2 {
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return CurlAnswer(
            exitCode: result.status, status: Int(words.first ?? "") ?? 0, seconds: Double(words.last ?? "") ?? 0,
            headers: headers, body: (try? Data(contentsOf: body)) ?? Data())
    }
}

/// What curl got.
struct CurlAnswer {
    let exitCode: Int32
    let status: Int
    let seconds: Double
    let headers: [String: String]
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: JSONValue { (try? JSONDecoder().decode(JSONValue.self, from: body)) ?? .null }

    /// The SIDs of a page's resources.
    func sids(_ key: String) -> [String] { json[key]?.array?.compactMap { $0["sid"]?.string } ?? [] }
}

/// Runs a program to its end.
@discardableResult
func run(_ path: String, _ arguments: [String], input: Data? = nil) -> (status: Int32, output: Data) {
    guard let result = try? Command.run([path] + arguments, input: input) else { return (-1, Data()) }
    return if case .exited(let status) = result.end { (status, result.output) } else { (-1, result.output) }
}

/// Bytes that look random and are the same every time.
func noise(_ count: Int) -> Data {
    var generator = SeededGenerator(seed: 42)
    return Data(generator.bytes(count))
}

/// A WAV file of so many seconds, written by Python's wave module.
func wave(seconds: Int, channels: Int = 1) -> Data {
    let script =
        "import sys,wave,io;b=io.BytesIO();w=wave.open(b,'wb');w.setnchannels(\(channels));w.setsampwidth(2);"
        + "w.setframerate(8000);w.writeframes(bytes(range(250))*\(64 * seconds * channels));w.close();"
        + "sys.stdout.buffer.write(b.getvalue())"
    return run("/usr/bin/python3", ["-c", script]).output
}
