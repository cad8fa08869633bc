import FoundationEssentials
import Support
import Transfer

/// A refusal by S3, with what its document says.
///
/// `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>…</Error>`; source: Amazon S3 API
/// Reference, "Error responses".
public struct S3Answer {
    /// A word for a refusal of the key, its secret or its session, rather than of the request.
    private enum KeyRefusal: String {
        case expiredToken = "ExpiredToken"
        case tokenRefreshRequired = "TokenRefreshRequired"
        case invalidToken = "InvalidToken"
        case invalidAccessKeyID = "InvalidAccessKeyId"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
    }

    let status: Int
    /// The word for the reason, such as `AccessDenied`; nil without a document.
    let code: String?
    private let headers: HeaderFields
    private let document: String

    /// Reads an answer.
    init(_ response: Response) {
        status = response.head.status
        headers = response.head.headers
        document = Self.document(response.body)
        code = ErrorDocument.content(of: "Code", in: document)
    }

    /// Whether an answer refuses the key, its secret or its session, so that another key may help.
    ///
    /// - Parameter body: The start of the answer's body.
    public static func refusesKey(status: Int, body: [UInt8]) -> Bool {
        guard [400, 401, 403].contains(status) else { return false }
        return ErrorDocument.content(of: "Code", in: document(body))
            .flatMap(KeyRefusal.init(rawValue:)) != nil
    }

    /// A document of S3's, as far as it matters; of longer pages the transfer thread reads no more.
    private static func document(_ body: [UInt8]) -> String { String(decoding: body.prefix(8 << 10), as: UTF8.self) }

    /// The region of the bucket.
    var region: String? {
        headers["x-amz-bucket-region"] ?? ErrorDocument.content(of: "Region", in: document)
            ?? ErrorDocument.content(of: "Endpoint", in: document).flatMap { S3Host($0.lowercased())?.region }
    }

    /// The error that the answer means for an object; nil when it is none of S3's own reasons.
    func error(of object: BucketObject, now: Date = Date()) -> ExternalMediaError? {
        let place = object.place
        if let refusal = code.flatMap(KeyRefusal.init(rawValue:)) { return keyRefusal(refusal, at: place) }
        switch code {
        case "NoSuchKey", "NoSuchVersion": return error(.missing, "isn't in \(place)", at: place)
        case "NoSuchBucket": return error(.missing, "was put in \(place), which doesn't exist", at: place)
        case "AccessDenied", "AllAccessDisabled", "AccountProblem": return denial(at: place)
        case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
            let time = ErrorDocument.content(of: "ServerTime", in: document) ?? headers["Date"]
            let told = time.map { ", which says \(ForeignText($0))" } ?? ""
            let lead =
                headers.lead(of: now)
                ?? time.flatMap { Timestamp($0) }.map {
                    now.timeIntervalSince1970 - Double($0.seconds)
                }
            let distance = KnownRefusal.distance(ofClock: lead).map { ": it is \($0)" } ?? ""
            return denied(
                "this computer's clock is too far from the server's\(told)\(distance)", at: place,
                remedy: "set the clock (timedatectl set-ntp true)")
        case "InvalidObjectState":
            return error(
                .unavailable, "is archived in \(place)", at: place,
                remedy: "restore the object there, then try again")
        default: return errorByStatus(at: place)
        }
    }

    private func keyRefusal(_ refusal: KeyRefusal, at place: String) -> ExternalMediaError {
        switch refusal {
        case .expiredToken, .tokenRefreshRequired:
            denied(
                "the session token of the AWS credentials has expired", at: place,
                remedy: "write a new one to the file of credentials; those of the environment last as long as the mount"
            )
        case .invalidToken:
            denied(
                "the session token doesn't belong to the AWS access key", at: place,
                remedy: "renew the AWS credentials")
        case .invalidAccessKeyID:
            denied(
                "the server doesn't know the AWS access key", at: place,
                remedy: "check AWS_ACCESS_KEY_ID or the profile")
        case .signatureDoesNotMatch:
            denied("the server refuses the signature", at: place, remedy: "check the secret of the AWS access key")
        }
    }

    private func errorByStatus(at place: String) -> ExternalMediaError? {
        switch status {
        case 404, 410: error(.missing, "isn't in \(place)", at: place)
        case 401, 403: denial(at: place)
        case 300..<400:
            error(
                .unavailable, "can't be read from \(place): the server sends to another address (status \(status))",
                at: place, remedy: "redirects aren't followed there, since a signature is for one host")
        default: nil
        }
    }

    private func denial(at place: String) -> ExternalMediaError {
        let reason = ErrorDocument.content(of: "Message", in: document).map { " (\(ForeignText($0)))" } ?? ""
        return denied(
            "the AWS credentials don't allow it\(reason)", at: place,
            remedy: "allow s3:GetObject there, and kms:Decrypt for what is encrypted with a key of KMS; without"
                + " s3:ListBucket, S3 says the same of a deleted object")
    }

    private func denied(_ fact: String, at place: String, remedy: String) -> ExternalMediaError {
        error(.denied, "can't be read from \(place): \(fact)", at: place, remedy: remedy)
    }

    private func error(
        _ kind: ExternalMediaErrorCode, _ fact: String, at place: String, remedy: String? = nil
    ) -> ExternalMediaError {
        ExternalMediaError(kind, fact, remedy: remedy, details: "\(place): \(code ?? "status \(status)")")
    }
}
