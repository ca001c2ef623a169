-- Accepts terms (POST), or asks for what only those reach who accepted them: another user in every request.
-- Arguments: "accept" or "check", a file of session keys, one a line, and how many of them to pass over.
local keys, place, accept = {}, 0, false
local token = string.rep("t", 32)

function init(arguments)
  accept = arguments[1] == "accept"
  for key in io.lines(arguments[2]) do keys[#keys + 1] = key end
  place = arguments[3] % #keys
end

function request()
  place = place % #keys + 1
  local headers = { ["Cookie"] = "sessionid=" .. keys[place] .. "; csrftoken=" .. token }
  if not accept then return wrk.format("GET", "/order/", headers) end
  headers["Content-Type"] = "application/x-www-form-urlencoded"
  headers["X-CSRFToken"] = token
  return wrk.format("POST", "/terms/accept/", headers, "terms=1&returnTo=/order/")
end
