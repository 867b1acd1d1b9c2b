/// `openapi.json`: what the admin API takes and gives, as OpenAPI 3.1.
enum AdminDescription {
    static let bytes = Array(text.utf8)

    private static let text = #"""
        {"openapi":"3.1.0","info":{"title":"Postern admin API","version":"1",
        "description":"Integrations and accounts, and what the server knows of its queues, \#
        quarantine and last requests. Objects that come from configuration files can be read \#
        here and not changed."},
        "security":[{},{"bearer":[]}],"paths":{"/integration":{"get":{
        "operationId":"listIntegrations","summary":"List integrations","responses":{"200":{
        "description":"A page.","content":{"application/json":{"schema":{"type":"object",
        "required":["result","next_cursor","limit"],"properties":{"result":{"type":"array",
        "items":{"$ref":"#/components/schemas/Integration"}},"next_cursor":{"type":["string",
        "null"]},"limit":{"type":"integer"}}}}}},"400":{"description":"A parameter is wrong.",
        "content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},"parameters":[{"name":"limit",
        "in":"query","required":false,"schema":{"type":"integer","minimum":1,"maximum":500}},{
        "name":"next_cursor","in":"query","required":false,"schema":{"type":"string",
        "pattern":"^[0-9]{1,9}$"}}]},"post":{"operationId":"createIntegration",
        "summary":"Create an integration","responses":{"201":{
        "description":"Stored and in effect.","content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/Integration"}}},"headers":{"Location":{"required":true,
        "schema":{"type":"string"}}},"links":{"get":{"operationId":"getIntegration",
        "parameters":{"id":"$response.body#/id"}},"update":{"operationId":"updateIntegration",
        "parameters":{"id":"$response.body#/id"}},"capabilities":{
        "operationId":"getCapabilities","parameters":{"id":"$response.body#/id"}},"delete":{
        "operationId":"deleteIntegration","parameters":{"id":"$response.body#/id"}}}},"400":{
        "description":"The body is no JSON.","content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"413":{
        "description":"The body is longer than 1 MiB."},"415":{
        "description":"The Content-Type is not JSON.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"422":{
        "description":"Not right; each error has its key path.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"409":{
        "description":"Taken, in use, or kept in a file.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The disk did not take it.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},"requestBody":{"required":true,
        "content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/IntegrationInput"}}}}}},"/integrations/{id}":{
        "parameters":[{"name":"id","in":"path","required":true,
        "description":"The id, or the name of an object without one.","schema":{"type":"string",
        "minLength":1}}],"get":{"operationId":"getIntegration","summary":"Get an integration",
        "responses":{"200":{"description":"The object as it was given.","content":{
        "application/json":{"schema":{"$ref":"#/components/schemas/Integration"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}},"patch":{
        "operationId":"updateIntegration","summary":"Update an integration","responses":{"200":{
        "description":"Stored and in effect.","content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/Integration"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"413":{
        "description":"The body is longer than 1 MiB."},"415":{
        "description":"The Content-Type is not JSON.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"422":{
        "description":"Not right; each error has its key path.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"409":{
        "description":"Taken, in use, or kept in a file.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The disk did not take it.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},
        "description":"JSON merge patch (RFC 7396).","requestBody":{"required":true,"content":{
        "application/json":{"schema":{"type":"object"}}}}},"delete":{
        "operationId":"deleteIntegration","summary":"Delete an integration","responses":{"204":{
        "description":"Gone."},"409":{"description":"Taken, in use, or kept in a file.",
        "content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The disk did not take it.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}}},
        "/integration/{id}/capabilities":{"parameters":[{"name":"id","in":"path",
        "required":true,"description":"The id, or the name of an object without one.","schema":{
        "type":"string","minLength":1}}],"get":{"operationId":"getCapabilities",
        "summary":"What an integration can do","responses":{"200":{
        "description":"Proxy, unified, auth and webhook.","content":{"application/json":{
        "schema":{"$ref":"#/components/schemas/Capabilities"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}}},"/account":{"get":{
        "operationId":"listAccounts","summary":"List accounts","responses":{"200":{
        "description":"A page; values of contexts are redacted.","content":{"application/json":{
        "schema":{"type":"object","required":["result","next_cursor","limit"],"properties":{
        "result":{"type":"array","items":{"$ref":"#/components/schemas/Account"}},
        "next_cursor":{"type":["string","null"]},"limit":{"type":"integer"}}}}}},"400":{
        "description":"A parameter is wrong.","content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},"parameters":[{"name":"limit",
        "in":"query","required":false,"schema":{"type":"integer","minimum":1,"maximum":500}},{
        "name":"next_cursor","in":"query","required":false,"schema":{"type":"string",
        "pattern":"^[0-9]{1,9}$"}}]},"post":{"operationId":"createAccount",
        "summary":"Create an account","responses":{"201":{"description":"Stored and in effect.",
        "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Account"}}},
        "headers":{"Location":{"required":true,"schema":{"type":"string"}}},"links":{"get":{
        "operationId":"getAccount","parameters":{"id":"$response.body#/id"}},"delete":{
        "operationId":"deleteAccount","parameters":{"id":"$response.body#/id"}}}},"400":{
        "description":"The body is no JSON.","content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"413":{
        "description":"The body is longer than 1 MiB."},"415":{
        "description":"The Content-Type is not JSON.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"422":{
        "description":"Not right; each error has its key path.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"409":{
        "description":"Taken, in use, or kept in a file.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The disk did not take it.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},"requestBody":{"required":true,
        "content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/AccountInput"}}}}}},"/accounts/{id}":{"parameters":[{
        "name":"id","in":"path","required":true,"description":"The account's id.","schema":{
        "type":"string","minLength":1}}],"get":{"operationId":"getAccount",
        "summary":"Get an account","responses":{"200":{
        "description":"Values of the context are redacted.","content":{"application/json":{
        "schema":{"$ref":"#/components/schemas/Account"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}},"patch":{
        "operationId":"updateAccount","summary":"Update an account","responses":{"200":{
        "description":"Stored and in effect.","content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/Account"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"413":{
        "description":"The body is longer than 1 MiB."},"415":{
        "description":"The Content-Type is not JSON.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"422":{
        "description":"Not right; each error has its key path.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"409":{
        "description":"Taken, in use, or kept in a file.","content":{
        "application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The disk did not take it.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},
        "description":"JSON merge patch (RFC 7396).","requestBody":{"required":true,"content":{
        "application/json":{"schema":{"type":"object","properties":{"integration":{
        "type":"string"},"context":{"type":"object"}}}}}}},"delete":{
        "operationId":"deleteAccount","summary":"Delete an account","responses":{"204":{
        "description":"Gone."},"409":{"description":"Taken, in use, or kept in a file.",
        "content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The disk did not take it.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}}},"/queues":{"get":{
        "operationId":"listQueues","summary":"Depth, age and size of each queue","responses":{
        "200":{"description":"One object a queue.","content":{"application/json":{"schema":{
        "type":"object","required":["result"],"properties":{"result":{"type":"array","items":{
        "$ref":"#/components/schemas/Queue"}}}}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}}},"/quarantine":{"get":{
        "operationId":"listQuarantine",
        "summary":"Requests that were refused and kept, newest first","responses":{"200":{
        "description":"Without their contents.","content":{"application/json":{"schema":{
        "type":"object","required":["result"],"properties":{"result":{"type":"array","items":{
        "$ref":"#/components/schemas/Quarantined"}}}}}}},"400":{
        "description":"A parameter is wrong.","content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"503":{"description":"The database failed.",
        "content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},"parameters":[{"name":"limit",
        "in":"query","required":false,"schema":{"type":"integer","minimum":1,"maximum":500}}]}},
        "/quarantine/{number}":{"parameters":[{"name":"number","in":"path","required":true,
        "schema":{"type":"integer","minimum":1}}],"get":{"operationId":"getQuarantined",
        "summary":"One of them, whole, secrets redacted","responses":{"200":{
        "description":"With the captured request.","content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/Quarantined"}}}},"404":{
        "description":"There is no such thing.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"400":{
        "description":"An escape of the path is wrong.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"503":{
        "description":"The database failed.","content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}}},"/requests":{"get":{
        "operationId":"listRequests",
        "summary":"The last requests and what became of them, newest first","responses":{"200":{
        "description":"Up to 512 of each thread are remembered.","content":{"application/json":{"schema":{
        "type":"object","required":["result"],"properties":{"result":{"type":"array","items":{
        "$ref":"#/components/schemas/Request"}}}}}}},"400":{
        "description":"A parameter is wrong.","content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"401":{
        "description":"A bearer token is needed.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}},"parameters":[{"name":"limit",
        "in":"query","required":false,"schema":{"type":"integer","minimum":1,"maximum":500}},{
        "name":"integration","in":"query","required":false,"schema":{"type":"string"}}]}},
        "/openapi.json":{"get":{"operationId":"describe","summary":"This description",
        "responses":{"200":{"description":"OpenAPI 3.1.","content":{"application/json":{
        "schema":{"type":"object"}}}},"401":{"description":"A bearer token is needed.",
        "content":{"application/problem+json":{"schema":{
        "$ref":"#/components/schemas/Problem"}}}},"403":{
        "description":"Not this machine's name in Host.","content":{"application/problem+json":{
        "schema":{"$ref":"#/components/schemas/Problem"}}}}}}}},"components":{
        "securitySchemes":{"bearer":{"type":"http","scheme":"bearer",
        "description":"admin.token; none is needed where only this machine can connect and no \#
        token is configured."}},
        "schemas":{"IntegrationInput":{"type":"object","required":["name","config"],
        "properties":{"id":{"type":"string","pattern":"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$"},
        "name":{"type":"string","pattern":"^[A-Za-z0-9._-]+$"},"category":{"type":"string"},
        "is_beta":{"type":"boolean"},"config":{"type":"object","required":["webhook"],
        "properties":{"base_url":{"type":"string"},"label":{"type":"string"},"logo":{
        "type":"string"},"icon":{"type":"string"},"headers":{"type":"object"},"query":{
        "type":"object"},"query_array_format":{"enum":["comma","brackets","indices","repeat"]},
        "actions":{"type":"object"},"credentials":{"type":"object"},"authorization":{
        "type":"object"},"pagination":{"type":"object"},"rate_limit":{"type":"object"},
        "resources":{"type":"object"},"tool_tags":{"type":"object"},"error_expression":{
        "type":"string"},"webhook":{"type":"object","required":["signature_verification"],
        "additionalProperties":false,"properties":{"payload_transform":{"type":"string",
        "description":"JSONata"},"handle_verification":{"type":"string",
        "description":"JSONata"},"signature_verification":{"oneOf":[{"const":"none"},{
        "type":"object","required":["format"],"properties":{"format":{"enum":["hmac","basic",
        "bearer","jwt","token","digest","public_key","all","any"]},"config":{
        "type":"object"}}}]}}}}},"team_id":{"type":"string"},"sharing":{"enum":["allow","ask",
        "deny"]},"created_at":{"type":"string"},"updated_at":{"type":"string"},
        "installed_environment":{"type":"array","items":{"type":"string"}},"team":{
        "type":"object"},"queues":{"type":"array","items":{"type":"string"}},"event_id":{
        "type":"string"},"event_type":{"type":"string"},"fan_out":{"type":"string"},"enabled":{
        "type":"boolean"},"enforce":{"type":"boolean"}},"example":{"name":"example","config":{
        "webhook":{"signature_verification":"none"}}}},"Integration":{"type":"object",
        "required":["id","name","config"],"properties":{"id":{"type":"string"},"name":{
        "type":"string"},"config":{"type":"object"}}},"AccountInput":{"type":"object",
        "required":["id","integration"],"additionalProperties":false,"properties":{"id":{
        "type":"string","pattern":"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$"},"integration":{
        "type":"string","minLength":1},"context":{"type":"object"}}},"Account":{"type":"object",
        "required":["id","integration","context"],"properties":{"id":{"type":"string"},
        "integration":{"type":"string"},"context":{"type":"object"}}},"Capabilities":{
        "type":"object","required":["name","proxy","unified","auth","webhook"],"properties":{
        "name":{"type":"string"},"proxy":{"type":"object","additionalProperties":{
        "type":"array","items":{"type":"string"}}},"unified":{"type":"object"},"auth":{
        "type":"array","items":{"type":"string"}},"webhook":{"type":"object"}}},"Queue":{
        "type":"object","required":["name"],"properties":{"name":{"type":"string"},"ready":{
        "type":"integer"},"leased":{"type":"integer"},"dead":{"type":"integer"},
        "oldest_age_ms":{"type":["integer","null"]},"last_sequence":{"type":"integer"},"bytes":{
        "type":"integer"},"error":{"type":"string"}}},"Quarantined":{"type":"object",
        "required":["number","reason","integration","account","received_at"],"properties":{
        "number":{"type":"integer"},"reason":{"type":"string"},"integration":{"type":"string"},
        "account":{"type":["string","null"]},"received_at":{"type":"string"},"request":{
        "type":"object"}}},"Request":{"type":"object","required":["time","request",
        "integration","account","outcome","reason","status"],"properties":{"time":{
        "type":"string"},"request":{"type":"string"},"integration":{"type":"string"},"account":{
        "type":["string","null"]},"outcome":{"type":"string"},"reason":{"type":"string"},
        "status":{"type":"integer"}}},"Problem":{"type":"object","required":["status","detail",
        "errors"],"properties":{"status":{"type":"integer"},"detail":{"type":"string"},
        "errors":{"type":"array","items":{"type":"object","required":["key_path","message",
        "severity"],"properties":{"key_path":{"type":"string"},"message":{"type":"string"},
        "severity":{"type":"string"}}}}}}}}}
        """#
}
