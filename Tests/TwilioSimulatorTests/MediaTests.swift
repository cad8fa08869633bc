import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Voice media", .orderly)
struct VoiceMediaTests {
    private let content: Data

    init() throws {
        content = try wave(seconds: 1)
    }

    private func bench(_ change: (inout Behaviour) -> Void = { _ in }) throws -> SimulatorBench {
        try SimulatorBench(files: ["recordings/unencrypted/call.wav": content]) { change(&$0.behaviour) }
    }

    @Test("A range is honoured or ignored as the switch says")
    func range() throws {
        let bench = try bench()
        let part = try bench.api(bench.voiceMedia("call.wav"), ["-r", "100-299"])
        #expect(part.status == 206)
        #expect(part.headers["content-range"] == "bytes 100-299/\(content.count)")
        #expect(part.body == content[100..<300])
        bench.simulator.behaviour.voiceRange = .ignored
        let whole = try bench.api(bench.voiceMedia("call.wav"), ["-r", "100-299"])
        #expect(whole.status == 200)
        #expect(whole.body == content)
        #expect(whole.headers["accept-ranges"] == nil)
    }

    @Test("A chunked answer has no length and the same bytes, and the connection goes on after HEAD")
    func chunked() throws {
        let bench = try bench { $0.voiceLength = .chunked }
        let path = try bench.voiceMedia("call.wav")
        let answer = try bench.api(path)
        #expect(answer.headers["transfer-encoding"] == "chunked")
        #expect(answer.headers["content-length"] == nil)
        #expect(answer.body == content)
        let url = bench.simulator.apiURL + path
        let after = try bench.api(path, ["-I", url, "--next", "-s", "-o", "/dev/null", "-u", user(bench)])
        #expect(after.end == .exited(0))
        let last = bench.simulator.requests.suffix(2)
        #expect(last.map(\.method) == ["HEAD", "GET"])
        #expect(last.map(\.bodyBytes) == [0, content.count])
        #expect(Set(last.map(\.connection)).count == 1)
    }

    private func user(_ bench: SimulatorBench) -> String {
        "\(bench.simulator.credentials.apiKey):\(bench.simulator.credentials.apiSecret)"
    }

    @Test("HEAD tells the length, or is refused as the switch says")
    func head() throws {
        let bench = try bench()
        let head = try bench.api(bench.voiceMedia("call.wav"), ["-I"])
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == String(content.count))
        bench.simulator.behaviour.voiceHeadSupported = false
        #expect(try bench.api(bench.voiceMedia("call.wav"), ["-I"]).status == 405)
    }

    @Test("A redirect leads to the media host, where no credentials are wanted", arguments: ["301", "302", "307"])
    func redirect(status: String) throws {
        let bench = try bench { $0.voiceRedirect = Behaviour.VoiceRedirect(rawValue: status) ?? .none }
        let path = try bench.voiceMedia("call.wav")
        let answer = try bench.api(path)
        #expect(answer.status == Int(status))
        #expect(answer.headers["location"]?.hasPrefix(bench.simulator.mediaURL) == true)
        let followed = try bench.api(path, ["-L", "-r", "0-9"])
        #expect(followed.status == 206)
        #expect(followed.body == content.prefix(10))
        #expect(bench.simulator.requests.last?.authorization == false)
    }

    @Test("Media is 404 for as many requests as the switch says, for each recording")
    func notYet() throws {
        let bench = try bench { $0.voiceNotFoundCount = 2 }
        let statuses = try (0..<3).map { _ in try bench.api(bench.voiceMedia("call.wav")).status }
        #expect(statuses == [404, 404, 200])
    }

    @Test("Errors come as JSON or XML, with Twilio's codes")
    func errors() throws {
        let bench = try bench()
        let missing = "\(bench.accountPath)/Recordings/RE\(String(repeating: "0", count: 32)).json"
        let notFound = try bench.api(missing)
        #expect(notFound.status == 404)
        #expect(notFound.json["code"] == 20404)
        #expect(notFound.json["status"] == 404)
        #expect(notFound.json["more_info"] == "https://www.twilio.com/docs/errors/20404")
        #expect(notFound.headers["twilio-request-id"]?.hasPrefix("RQ") == true)
        #expect(notFound.headers["twilio-concurrent-requests"] == "1")
        for credentials in [[], ["-u", "\(bench.simulator.credentials.accountSID):wrong"]] {
            let refused = try bench.curl(bench.simulator.apiURL + bench.accountPath + ".json", credentials)
            #expect(refused.status == 401)
            #expect(refused.json["code"] == 20003)
        }
        bench.simulator.behaviour.errorFormat = .xml
        let text = try bench.api(missing).text
        #expect(text.contains("<TwilioResponse><RestException><Code>20404</Code>"))
        #expect(try bench.curl(bench.simulator.apiURL + missing).text.contains("<Code>20003</Code>"))
        #expect(try bench.api("/v1/Recordings/RT0").json["code"] == 20404)
    }

    @Test("The account opens with its SID and token as with an API key, and only to its own path")
    func credentials() throws {
        let bench = try bench()
        let main = "\(bench.simulator.credentials.accountSID):\(bench.simulator.credentials.authToken)"
        let account = try bench.curl(bench.simulator.apiURL + bench.accountPath + ".json", ["-u", main])
        #expect(account.json["sid"]?.string == bench.simulator.credentials.accountSID)
        #expect(
            try bench.api("/2010-04-01/Accounts/AC\(String(repeating: "9", count: 32))/Recordings.json").status == 404)
    }

    @Test("A recording without media has none to give", arguments: ["processing", "failed", "absent", "in-progress"])
    func withoutMedia(status: String) throws {
        let bench = try bench()
        let sid = try bench.simulator.add(.recording, fields: ["status": .string(status)])
        #expect(try bench.api("\(bench.accountPath)/Recordings/\(sid).json").json["status"]?.string == status)
        #expect(try bench.api("\(bench.accountPath)/Recordings/\(sid).wav").status == 404)
    }
}

@Suite("The media host", .orderly)
struct MediaHostTests {
    private let content = noise(100_000)

    private func bench(_ change: (inout Behaviour) -> Void = { _ in }) throws -> SimulatorBench {
        try SimulatorBench(files: ["video-recordings/unencrypted/track.mka": content]) { change(&$0.behaviour) }
    }

    @Test("/Media redirects to a presigned address that its body repeats")
    func redirect() throws {
        let bench = try bench()
        let answer = try bench.api("/v1/Recordings/\(bench.sid("track.mka"))/Media?Ttl=60")
        #expect(answer.status == 302)
        let location = try #require(answer.headers["location"])
        #expect(answer.json == ["redirect_to": .string(location)])
        #expect(location.contains("X-Amz-Expires=60&X-Amz-SignedHeaders=host"))
        for wrong in ["0", "3601", "x"] {
            #expect(try bench.api("/v1/Recordings/\(bench.sid("track.mka"))/Media?Ttl=\(wrong)").status == 400)
        }
    }

    @Test(
        "Ranges are S3's",
        arguments: [
            ("0-0", 206, 0..<1), ("99999-", 206, 99_999..<100_000), ("-5", 206, 99_995..<100_000),
            ("-200000", 206, 0..<100_000), ("50000-999999", 206, 50_000..<100_000), ("100000-", 416, 0..<0),
            ("-0", 416, 0..<0), ("5-4", 200, 0..<100_000), ("0-1,5-6", 200, 0..<100_000),
        ])
    func ranges(header: String, status: Int, range: Range<Int>) throws {
        let bench = try bench()
        let answer = try bench.curl(bench.address(bench.sid("track.mka")), ["-H", "Range: bytes=\(header)"])
        #expect(answer.status == status)
        if status == 416 {
            #expect(answer.headers["content-range"] == "bytes */100000")
            #expect(answer.text.contains("<Code>InvalidRange</Code>"))
        } else {
            #expect(answer.body == content[range])
        }
        #expect(bench.simulator.requests.last?.range == "bytes=\(header)")
    }

    @Test("Ranges and lengths can be switched off")
    func switches() throws {
        let bench = try bench {
            $0.mediaRange = .ignored
            $0.mediaLength = .chunked
            $0.sendsETag = false
        }
        let answer = try bench.curl(bench.address(bench.sid("track.mka")), ["-r", "5-9"])
        #expect(answer.status == 200)
        #expect(answer.headers["transfer-encoding"] == "chunked")
        #expect(answer.headers["etag"] == nil)
        #expect(answer.body == content)
    }

    @Test("The ETag is the same for the same bytes, and conditions on it are obeyed")
    func entityTag() throws {
        let bench = try bench()
        let address = try bench.address(bench.sid("track.mka"))
        let tag = try #require(try bench.curl(address).headers["etag"])
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
        #expect(try bench.curl(address, ["-r", "0-1"]).headers["etag"] == tag)
        #expect(try bench.curl(address, ["-H", "If-Match: \(tag)"]).status == 200)
        #expect(try bench.curl(address, ["-H", "If-Match: \"other\""]).status == 412)
        #expect(try bench.curl(address, ["-r", "0-1", "-H", "If-Range: \(tag)"]).status == 206)
        #expect(try bench.curl(address, ["-r", "0-1", "-H", "If-Range: \"other\""]).status == 200)
    }

    @Test("A presigned address is for GET alone, from its host, unchanged, and without credentials")
    func refusals() throws {
        let bench = try bench()
        let address = try bench.address(bench.sid("track.mka"))
        #expect(try bench.curl(address, ["-I"]).status == 403)
        for options in [["-X", "PUT"], ["-H", "Host: elsewhere"]] {
            let refused = try bench.curl(address, options)
            #expect(refused.status == 403)
            #expect(refused.text.contains("<Code>SignatureDoesNotMatch</Code>"))
        }
        let longer = address.replacingOccurrences(of: "X-Amz-Expires=600", with: "X-Amz-Expires=6000")
        #expect(try bench.curl(longer).status == 403)
        let bare = String(address.prefix { $0 != "?" })
        #expect(try bench.curl(bare).status == 403)
        let both = try bench.curl(address, ["-u", "a:b"])
        #expect(both.status == 400)
        #expect(both.text.contains("<Code>InvalidArgument</Code>"))
    }

    @Test("An address expires")
    func expiry() throws {
        let bench = try bench { $0.urlLifetimeSeconds = 1 }
        let address = try bench.address(bench.sid("track.mka"), ttl: 3600)
        Thread.sleep(forTimeInterval: 1.1)
        let expired = try bench.curl(address)
        #expect(expired.status == 403)
        #expect(expired.text.contains("<Message>Request has expired</Message>"))
        bench.simulator.behaviour.urlLifetimeSeconds = nil
        #expect(try bench.curl(bench.address(bench.sid("track.mka"))).status == 200)
    }

    @Test("The headers about the plaintext can be left out and added")
    func plaintextHeaders() throws {
        let bench = try SimulatorBench(files: ["video-recordings/track.mka": content])
        let digest = try Command.require(["openssl", "dgst", "-md5", "-binary"], input: content).output
            .base64EncodedString()
        let address = try bench.address(bench.sid("track.mka"))
        let before = try bench.curl(address).headers
        #expect(before["x-amz-meta-x-amz-unencrypted-content-md5"] == nil)
        bench.simulator.behaviour.sendsUnencryptedMD5 = true
        bench.simulator.behaviour.sendsUnencryptedLength = false
        let after = try bench.curl(address).headers
        #expect(after["x-amz-meta-x-amz-unencrypted-content-md5"] == digest)
        #expect(after["x-amz-meta-x-amz-unencrypted-content-length"] == nil)
    }

    @Test("With TLS, a client that trusts the authority gets through, and one that doesn't is stopped")
    func tls() throws {
        let bench = try SimulatorBench(files: ["video-recordings/unencrypted/track.mka": content]) { $0.tls = true }
        let authority = try #require(bench.simulator.authorityFile)
        let user = "\(bench.simulator.credentials.apiKey):\(bench.simulator.credentials.apiSecret)"
        let url = "\(bench.simulator.apiURL)/v1/Recordings/\(try bench.sid("track.mka"))/Media"
        let answer = try bench.curl(url, ["-L", "-u", user, "--cacert", authority])
        #expect(answer.body == content)
        let named = url.replacingOccurrences(of: "127.0.0.1", with: "localhost")
        #expect(try bench.curl(named, ["-u", user, "--cacert", authority]).status == 302)
        #expect(try bench.curl(url, ["-u", user]).end == .exited(60))
    }
}
