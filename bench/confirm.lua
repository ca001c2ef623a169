-- Confirms acceptances: another customer, acceptor and request id in every request, so that none is a duplicate.
-- Arguments: as ask.lua's, and how many customers to pass over.
local lines, tokens, place, run, sent = {}, {}, 0, 0, 0
local contact = '{"primaryContact":{"firstName":"Noa","lastName":"Berg","email":"noa-%x-%d@contoso.example",'
  .. '"phoneNumber":"5550100"},"templateId":"998b88de-aa99-4388-a42c-1b3517d49490",'
  .. '"dateAgreed":"2019-05-06T00:00:00.000Z","type":"MicrosoftCloudAgreement"}'

function init(arguments)
  for token in io.lines(arguments[2]) do tokens[#tokens + 1] = token end
  for line in io.lines(arguments[1]) do
    local number, customer = line:match("(%d+) (%S+)")
    lines[#lines + 1] = { number + 1, customer }
  end
  math.randomseed(os.time())
  run, place = math.random(0, 0x7fffffff), arguments[3] % #lines
end

function request()
  place = place % #lines + 1
  sent = sent + 1
  local line = lines[place]
  return wrk.format("POST", "/v1/customers/" .. line[2] .. "/agreements", {
    ["Authorization"] = "Bearer " .. tokens[line[1]],
    ["Content-Type"] = "application/json",
    ["MS-RequestId"] = string.format("%08x-0000-4000-8000-%012x", run, sent),
  }, string.format(contact, run, sent))
end
