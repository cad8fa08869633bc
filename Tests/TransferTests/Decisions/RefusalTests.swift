import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("What refusals mean for a transfer", .orderly)
struct RefusalTests {
    private let resource = simulatedResource

    @Test(
        "Failures of servers, gateways and networks are repeated, refusals aren't",
        arguments: [
            (408, true), (421, true), (425, true), (429, true), (500, true), (502, true), (503, true), (504, true),
            (507, true), (509, true), (511, true), (520, true), (521, true), (524, true), (527, true), (530, true),
            (599, true), (400, false), (402, false), (404, false), (405, false), (409, false), (410, false),
            (418, false), (451, false), (501, false), (505, false),
        ])
    func statuses(status: Int, isRepeated: Bool) throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index < 2 ? .response(status, [], [], .complete) : serve(request)
        }
        #expect(simulation.isSuccess == isRepeated)
        #expect(simulation.requests.count == (isRepeated ? 3 : 1))
        if isRepeated { #expect(simulation.bytes == resource) } else { #expect(simulation.error?.status == status) }
    }

    @Test(
        "What changes something isn't repeated after a failure that may have come after it", arguments: [503, 520, 504])
    func changing(status: Int) throws {
        var simulation = Simulation(
            TransferPlan(Request(method: .delete, address: try address(), patience: .short)), address: try address())
        simulation.run(source: { _ in .failure(CancellationError()) }) { _, _ in .response(status, [], [], .complete) }
        #expect(simulation.requests.count == 1 && simulation.error?.status == status)
    }

    @Test(
        "S3's own words for what passes are heeded, whatever the status",
        arguments: [
            (503, "SlowDown", true), (400, "RequestTimeout", true), (403, "RequestTimeTooSkewed", false),
            (400, "SlowDown", true), (409, "InternalError", true), (400, "InvalidArgument", false),
            (404, "NoSuchKey", false),
        ])
    func words(status: Int, code: String, isRepeated: Bool) throws {
        let here = try address(credentials: FixedCredential(Credential(username: "u", password: "p")))
        let body = Array("<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>Wait.</Message></Error>".utf8)
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short), relocation: { _ in nil }))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index < 2 ? .response(status, [], body, .complete) : serve(request)
        }
        #expect(simulation.isSuccess == isRepeated && simulation.requests.count == (isRepeated ? 3 : 1))
    }

    @Test(
        "A long page with a refusal is searched as quickly as a short one, and S3's words count at its start",
        arguments: [400, 403])
    func longPage(status: Int) throws {
        func response(_ blanks: Int, _ code: String, _ rest: Int) throws -> Response {
            let body = String(repeating: " ", count: blanks) + "<Error><Code>\(code)</Code></Error>"
            return Response(
                head: ResponseHead(status: status, headers: HeaderFields([]), address: try address()),
                body: Array(body.utf8) + Array(repeating: UInt8(ascii: "<"), count: rest))
        }
        #expect(try response(1900, "ExpiredToken", 0).meansExpiry && response(0, "ExpiredToken", 60_000).meansExpiry)
        #expect(try response(1900, "SlowDown", 60_000).isTransientRefusalOfS3)
        #expect(try !response(2100, "ExpiredToken", 0).meansExpiry)
        #expect(try !response(2100, "SlowDown", 0).isTransientRefusalOfS3)
        let clock = ContinuousClock()
        func time(_ response: Response) -> Duration {
            let times = (0..<5).map { _ in
                clock.measure {
                    for _ in 0..<20 { #expect(!response.meansExpiry && !response.isTransientRefusalOfS3) }
                }
            }
            return times.min() ?? .zero
        }
        let (short, long) = (try response(0, "AccessDenied", 2000), try response(0, "AccessDenied", 64_000))
        #expect(time(long) < time(short) * 8)
    }

    @Test(
        "What is resumed is asked for on condition of its strong entity tag, and of no other",
        arguments: [
            ("\"one\"", true), ("W/\"one\"", false), ("one", false), ("\"o ne\"", false), ("\"o\"e\"", false),
            ("\"", false), ("\"\"", true), ("", false), (nil, false),
        ] as [(String?, Bool)])
    func condition(tag: String?, isSent: Bool) throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        let fields = tag.map { [("ETag", $0)] } ?? []
        simulation.run(source: { _ in .success(here) }) { request, index in
            guard
                case .response(let status, let others, let body, let ending) = serve(
                    request, cut: index == 0 ? 50 : .max, index == 0 ? .broken : .complete)
            else { return .silence }
            return .response(status, others + fields, body, ending)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        let conditions = simulation.requests.map { request in request.headers.first { $0.0 == "If-Match" }?.1 }
        #expect(conditions == [nil, isSent ? tag : nil])
    }

    @Test("A condition that isn't met means that the resource has changed; without one, a 412 is a refusal")
    func conditionFails() throws {
        let here = try address()
        for hasTag in [true, false] {
            var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
            simulation.run(source: { _ in .success(here) }) { request, index in
                guard index == 0 else { return .response(412, [], [], .complete) }
                let fields = [("Content-Length", "300")] + (hasTag ? [("ETag", "\"a\"")] : [])
                return .response(200, fields, Array(resource[..<100]), .broken)
            }
            #expect(simulation.requests.count == 2 && simulation.bytes == Array(resource[..<100]))
            #expect(simulation.error?.code == (hasTag ? .changed : .status))
        }
    }

    @Test(
        "An entity tag that a proxy has made weak is the same, and another opaque part is another",
        arguments: [
            ("\"a\"", "W/\"a\"", true), ("W/\"a\"", "\"a\"", true), ("W/\"a\"", "W/\"a\"", true),
            ("\"a\"", "\"b\"", false), ("\"a\"", "W/\"b\"", false), ("\"a\"", "w/\"a\"", false),
        ])
    func weakness(first: String, second: String, isSame: Bool) throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            guard
                case .response(let status, let fields, let body, let ending) = serve(
                    request, cut: index == 0 ? 50 : .max, index == 0 ? .broken : .complete)
            else { return .silence }
            return .response(status, fields + [("ETag", index == 0 ? first : second)], body, ending)
        }
        #expect(simulation.isSuccess == isSame)
        if !isSame { #expect(simulation.error?.code == .changed) }
    }

    @Test(
        "A 416 means a change if the resource ends before the range, else it contradicts itself and is repeated",
        arguments: [
            ("bytes */40", true), ("bytes */100", true), ("bytes */300", false), ("bytes 0-1/2", false), ("", false),
        ])
    func unsatisfiable(range: String, isChange: Bool) throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(range: .bytes(100..<200), patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index < 2 ? .response(416, [("Content-Range", range)], [], .complete) : serve(request)
        }
        if isChange {
            #expect(simulation.error?.code == .changed && simulation.requests.count == 1)
        } else {
            #expect(simulation.isSuccess && simulation.bytes == Array(resource[100..<200]))
        }
    }

    @Test(
        "The server's identifier of the request is told with every error of its answer, bounded",
        arguments: ["Twilio-Request-Id", "x-amz-request-id", "X-Amz-Cf-Id"])
    func identifier(name: String) throws {
        let here = try address()
        let told = "RQ1\u{1b}[31m" + String(repeating: "x", count: 5000)
        let answers: [Simulation.Answer] = [
            .response(503, [(name, told)], [], .complete), .response(410, [(name, told)], [], .complete),
            .response(200, [(name, told), ("Content-Length", "300")], Array(resource[..<9]), .broken),
            .response(206, [(name, told)], [], .complete),
            .response(200, [(name, told), ("ETag", "\"b\"")], [], .complete),
        ]
        for answer in answers {
            var simulation = Simulation(
                TransferPlan(DownloadRequest(patience: .short, expectedEntityTag: "\"a\"")), seed: 5)
            simulation.run(source: { _ in .success(here) }) { _, _ in answer }
            let field = try #require(simulation.error?.chainedFields["request_id"], "\(answer)")
            #expect(field.hasPrefix("RQ1") && field.count <= 400 && !field.contains("\u{1b}"))
        }
    }
}
