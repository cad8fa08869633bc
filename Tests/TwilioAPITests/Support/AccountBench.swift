import ModuleTestSupport
import TestSupport
import TwilioSimulator

@testable import TwilioAPI

/// A simulated account, and a client of it.
final class AccountBench: Sendable {
    let simulator: TwilioSimulator
    private let api: TestClient

    static let digits = TestClient.digits

    init(password: String? = nil, configure: (inout SimulatorConfiguration) -> Void = { _ in }) throws {
        var configuration = try SimulatorConfiguration(publicKeys: [.init(pem: KeyPair.shared.publicPEM)])
        configure(&configuration)
        simulator = try TwilioSimulator.start(configuration)
        api = try TestClient(simulator, password: password)
    }

    deinit {
        api.shutDown()
        simulator.stop()
    }

    var client: TwilioClient { api.client }

    /// All pages of a list, or of a part of it.
    func pages(of kind: TwilioAPI.MediaKind, in interval: CreationInterval = CreationInterval()) throws
        -> [ResourcePage]
    {
        var pages = [try client.page(of: kind, in: interval)]
        while let next = pages.last?.next { pages.append(try client.page(of: kind, next: next)) }
        return pages
    }
}

extension TwilioClient {
    /// Waits for a page of a list.
    func page(
        of kind: TwilioAPI.MediaKind, in interval: CreationInterval = CreationInterval(), size: Int? = nil,
        next: String? = nil
    ) throws -> ResourcePage {
        let answers = Awaited<Result<ListAnswer, TwilioError>>()
        page(of: kind, in: interval, size: size, next: next) { answers.add($0) }
        return try answers.value().get().page()
    }
}
