import Foundation
import TestSupport
import Testing
import TwilioSimulator

/// A simulator with a folder of its own, both gone with the last reference.
final class SimulatorBench: Sendable {
    let folder: TemporaryFolder
    let simulator: TwilioSimulator

    static let keys = [Result { try KeyPair.shared }, Result { try KeyPair.other }]

    static let secondKeySID = "CR" + String(repeating: "2", count: 32)

    /// Files as paths in the media folder.
    init(files: [String: Data] = [:], configure: (inout SimulatorConfiguration) -> Void = { _ in }) throws {
        folder = try TemporaryFolder()
        let media = try folder.folder("media")
        for (name, content) in files { try folder.file("media/\(name)", content) }
        var configuration = try SimulatorConfiguration(
            mediaFolder: media,
            publicKeys: [
                .init(pem: Self.keys[0].get().publicPEM),
                .init(sid: Self.secondKeySID, pem: Self.keys[1].get().publicPEM),
            ])
        configure(&configuration)
        simulator = try TwilioSimulator.start(configuration)
    }

    deinit {
        simulator.stop()
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
        let (head, body) = (folder.path("\(name).head"), folder.path("\(name).body"))
        let result = try Command.run(
            ["curl", "-s", "-g", "-m", "20", "-D", head, "-o", body, "-w", "%{http_code} %{time_total}"] + options
                + [url])
        let words = result.text.split(separator: " ")
        var headers: [String: String] = [:]
        let text = (try? String(contentsOfFile: head, encoding: .utf8)) ?? ""
        for line in text.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if line.hasPrefix("HTTP/") { headers = [:] }
            if parts.count == 2 {
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return CurlAnswer(
            end: result.end, status: Int(words.first ?? "") ?? 0, seconds: Double(words.last ?? "") ?? 0,
            headers: headers, body: FileManager.default.contents(atPath: body) ?? Data())
    }
}

/// What curl got.
struct CurlAnswer {
    let end: CommandResult.End
    let status: Int
    let seconds: Double
    let headers: [String: String]
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: JSONValue { (try? JSONDecoder().decode(JSONValue.self, from: body)) ?? .null }

    /// The SIDs of a page's resources.
    func sids(_ key: String) -> [String] { json[key]?.array?.compactMap { $0["sid"]?.string } ?? [] }
}

/// Bytes that look random and are the same every time.
func noise(_ count: Int) -> Data { TestMedia.noise(count, seed: 42) }

/// A WAV file of so many seconds, written by Python's wave module.
func wave(seconds: Int, channels: Int = 1) throws -> Data {
    try Python.run("wave_file", "\(seconds)", "\(channels)").output
}
