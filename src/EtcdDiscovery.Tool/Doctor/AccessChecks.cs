using EtcdDiscovery.Primitives;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Tool.Doctor;

/// <summary>Checks etcd's authentication, and whether the user may read and write each prefix, with the v3 API. Writes nothing.</summary>
internal sealed class AccessChecks(EtcdMember member, EtcdDiscoveryOptions options)
{
    private const string UserSetting = "EtcdDiscovery:Etcd:User";

    private string? _token;

    public async Task<IReadOnlyList<Finding>> RunAsync(IReadOnlyList<string> prefixes, CancellationToken cancellationToken)
    {
        var login = await LogInAsync(cancellationToken);
        var findings = new List<Finding> { login };
        if (login.Severity == Severity.Problem)
        {
            return findings;
        }

        foreach (var prefix in prefixes)
        {
            findings.Add(await CheckAsync("read", prefix, Severity.Problem, () => ReadAsync(prefix, cancellationToken)));
            findings.Add(await CheckAsync("write", prefix, Severity.Warning, () => WriteNothingAsync(prefix, cancellationToken)));
        }

        return findings;
    }

    private async Task<Finding> LogInAsync(CancellationToken cancellationToken)
    {
        var user = options.Etcd.User;
        var isAnonymous = string.IsNullOrEmpty(user);
        try
        {
            // Even without a user, etcd reports whether authentication is enabled.
            var request = new AuthenticateRequest { Name = isAnonymous ? "" : user, Password = options.Etcd.Password ?? "" };
            _token = (await member.CallAsync(call => member.Auth.AuthenticateAsync(request, call), null, cancellationToken)).Token;
            return Finding.Ok("authentication", member.Name, $"user '{LogSanitizer.Sanitize(user ?? "")}' is authenticated");
        }
        catch (RpcException error) when (error.Status.Detail.Contains("not enabled", StringComparison.Ordinal))
        {
            return Finding.Ok("authentication", member.Name, "disabled: any client that reaches etcd may read and write");
        }
        catch (RpcException error) when (isAnonymous && error.StatusCode == StatusCode.InvalidArgument)
        {
            // A client certificate can also name the user.
            return Finding.Ok("authentication", member.Name, $"enabled, and {UserSetting} is not set");
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.InvalidArgument)
        {
            return Finding.Problem(
                "authentication",
                member.Name,
                $"etcd refuses user '{LogSanitizer.Sanitize(user ?? "")}': {LogSanitizer.Sanitize(error.Status.Detail)}",
                $"correct {UserSetting} and EtcdDiscovery:Etcd:Password (--user, --password-file)");
        }
        catch (Exception error) when (member.Describe(error) is { } reason && !cancellationToken.IsCancellationRequested)
        {
            return Finding.Problem("authentication", member.Name, reason, "see the other lines for this endpoint");
        }
    }

    private async Task<Finding> CheckAsync(string check, string prefix, Severity severity, Func<Task> actAsync)
    {
        try
        {
            await actAsync();
            return Finding.Ok(check, prefix, "allowed");
        }
        catch (RpcException error) when (error.Status.Detail.Contains("user name is empty", StringComparison.Ordinal))
        {
            return new(severity, check, prefix, "refused: etcd requires a user", $"set {UserSetting} and EtcdDiscovery:Etcd:Password (--user, --password-file)");
        }
        catch (RpcException error) when (error.Status.Detail.Contains("permission denied", StringComparison.Ordinal))
        {
            var need = check == "read" ? "" : "; needed only to register";
            return new(
                severity,
                check,
                prefix,
                $"refused{need}",
                $"etcdctl role grant-permission ROLE --prefix=true {(check == "read" ? "read" : "readwrite")} {prefix} # a role of this user");
        }
        catch (Exception error) when (member.Describe(error) is { } reason)
        {
            return Finding.Problem(check, prefix, reason, "see the lines for the endpoints");
        }
    }

    private async Task ReadAsync(string prefix, CancellationToken cancellationToken)
    {
        var (start, end) = RangeOf(prefix);
        var request = new RangeRequest { Key = start, RangeEnd = end, Limit = 1, KeysOnly = true };
        await member.CallAsync(call => member.KV.RangeAsync(request, call), _token, cancellationToken);
    }

    // etcd checks the permission for every operation of a transaction, even for operations that the condition excludes. No key has a
    // version below 0, so this key is never put.
    private async Task WriteNothingAsync(string prefix, CancellationToken cancellationToken)
    {
        var key = ByteString.CopyFromUtf8(prefix + "etcd-discovery-doctor");
        var never = new Compare { Key = key, Target = Compare.Types.CompareTarget.Version, Result = Compare.Types.CompareResult.Less, Version = 0 };
        var put = new RequestOp { RequestPut = new PutRequest { Key = key } };
        await member.CallAsync(call => member.KV.TxnAsync(new TxnRequest { Compare = { never }, Success = { put } }, call), _token, cancellationToken);
    }

    // A prefix ends with '/', whose successor is '0'.
    private static (ByteString Start, ByteString End) RangeOf(string prefix) =>
        (ByteString.CopyFromUtf8(prefix), ByteString.CopyFromUtf8(prefix[..^1] + '0'));
}
