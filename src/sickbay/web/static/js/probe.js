// Runs in a hidden frame of the chart, under the other loopback name: can an embedded page of another site store data?
const stores = () => { try { sessionStorage.setItem("probe", "1"); sessionStorage.removeItem("probe"); return true; } catch { return false; } };
parent.postMessage({ stores: stores() }, "*");
