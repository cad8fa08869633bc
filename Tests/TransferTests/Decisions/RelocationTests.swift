import FoundationEssentials
import TestSupport
import Testing

@testable import Transfer

@Suite("Resources whose source reads their place from answers", .orderly)
struct RelocationTests {
    private let resource = simulatedResource

    private static func plan(_ relocation: @escaping Relocation) -> TransferPlan {
        TransferPlan(DownloadRequest(patience: .short), relocation: relocation)
    }

    @Test("No redirect is followed: the source says where to go", arguments: [301, 302, 303, 307, 308])
    func redirect(status: Int) throws {
        let (here, there) = (try address("https://h.example/media"), try address("https://there.example/media"))
        var simulation = Simulation(Self.plan { $0.head.address == here ? there : nil })
        simulation.run(source: { _ in .success(here) }) { request, _ in
            guard request.address == here else { return serve(request) }
            return .response(status, [("Location", "https://evil.example/")], [], .complete)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.requests.map(\.address) == [here, there])
    }

    @Test("Where the source reads no place, a redirect is a refusal, and so is a refusal")
    func nowhere() throws {
        let here = try address()
        for status in [301, 307, 400, 401, 403, 404] {
            var simulation = Simulation(Self.plan { _ in nil })
            simulation.run(source: { _ in .success(here) }) { _, _ in
                .response(status, [("Location", "https://evil.example/")], [], .complete)
            }
            #expect(simulation.error?.status == status && simulation.requests.count == 1, "\(status)")
            #expect(simulation.refused.count == 1, "the source isn't asked for a fresh address")
        }
    }

    @Test("A resource that is never where the source says ends the transfer")
    func endless() throws {
        let addresses = try (0..<9).map { try address("https://h.example/\($0)") }
        var simulation = Simulation(
            Self.plan { response in
                addresses.firstIndex(of: response.head.address).flatMap { $0 + 1 < 9 ? addresses[$0 + 1] : nil }
            })
        simulation.run(source: { _ in .success(addresses[0]) }) { _, _ in .response(400, [], [], .complete) }
        #expect(simulation.error?.status == 400 && simulation.requests.count == 3)
    }

    @Test("A download that breaks off goes on where the resource was found")
    func resumption() throws {
        let (here, there) = (try address("https://h.example/media"), try address("https://there.example/media"))
        var simulation = Simulation(Self.plan { $0.head.address == here ? there : nil })
        simulation.run(source: { _ in .success(here) }) { request, index in
            if request.address == here { return .response(400, [], [], .complete) }
            return index == 1 ? serve(request, cut: 40, .broken) : serve(request)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.requests.map(\.address) == [here, there, there])
    }
}
